using System.Globalization;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.Azure;

namespace Pipeline.Cli.Stores;

/// <summary>Queues, tables and blobs of an Azure storage account, which several processes share.</summary>
internal sealed class AccountWorkStore(RunSettings settings, AzureStorageOptions account) : WorkStore
{
    private const string QueueRole = "Storage Queue Data Contributor";

    /// <inheritdoc/>
    public override string Name => account.ToString();

    /// <inheritdoc/>
    public override bool IsShared => true;

    /// <inheritdoc/>
    public override ObjectUri ListFolder => new("azblob", AzureNames.ListsContainer, "");

    /// <inheritdoc/>
    public override ObjectUri ScheduleFolder => new("azblob", AzureNames.SchedulesContainer, "");

    /// <summary>Rare looks: each look at an empty queue and each sweep is billed.</summary>
    public override QueueHostOptions RunnerDefaults =>
        new() { IdleSweepInterval = TimeSpan.FromSeconds(1), SweepInterval = TimeSpan.FromSeconds(10) };

    /// <inheritdoc/>
    public override bool Exists => true;

    /// <inheritdoc/>
    public override void RequireExisting() { }

    /// <inheritdoc/>
    public override void PrepareToSubmit() { }

    /// <inheritdoc/>
    public override void PrepareToServe() => Folders.Prepare(settings, withOut: false);

    /// <inheritdoc/>
    public override Task<OpenWorkStore> OpenAsync(CancellationToken cancellationToken) =>
        Task.FromResult(
            new OpenWorkStore(
                services => services.AddAzureStores(account),
                (services, ids, token) => new AccountOutput(settings, services).FetchAsync(ids, token),
                Held: null));

    /// <inheritdoc/>
    public override Task<OpenWorkStore> OpenForErasureAsync(CancellationToken cancellationToken) =>
        OpenAsync(cancellationToken);

    /// <inheritdoc/>
    public override Task<OpenWorkStore> OpenForHostAsync(CancellationToken cancellationToken) =>
        OpenAsync(cancellationToken);

    /// <summary>Nothing: the disks of the workers cannot be seen from here.</summary>
    public override string? FindProblem() => null;

    /// <inheritdoc/>
    public override string DescribeCompleted(string list, DateTimeOffset? at) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{list} was completed in this account on {at:yyyy-MM-dd HH:mm} UTC. Add --again to fetch it again.");

    /// <inheritdoc/>
    public override async Task<string> AskAsync(CancellationToken cancellationToken)
    {
        using var azure = new AzureAccount(account with { MaxTries = 2 });
        try
        {
            await foreach (var _ in azure.Queues.GetQueuesAsync(cancellationToken: cancellationToken))
                break;
            return $"the queues of {account} are listed";
        }
        catch (Exception e)
            when (AzureErrors.Translate(e, "Azure Storage", azure.Access(QueueRole), cancellationToken) is { } problem)
        {
            throw problem;
        }
    }
}
