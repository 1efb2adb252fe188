using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Keeping;
using Pipeline.Stores.Keeping;

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

    /// <inheritdoc/>
    public override string TemporaryFolder => Path.GetTempPath();

    /// <inheritdoc/>
    public override string NotInBackup =>
        "It holds the two tables. Records, lists and other blobs are not in it, nor are queues and the callback key: "
            + "docs/keep.md says what becomes of them.";

    /// <inheritdoc/>
    public override async Task<BackupNote> BackUpAsync(Stream to, CancellationToken cancellationToken)
    {
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        return await stores.Services.GetRequiredService<AccountBackup>().WriteAsync(to, cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<string>> RestoreAsync(
        Func<CancellationToken, Task<Stream>> open, RestoreChoice choice, CancellationToken cancellationToken)
    {
        await using var backup = await open(cancellationToken);
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var (note, unsent) = await stores.Services.GetRequiredService<AccountRestore>()
            .RunAsync(backup, choice, cancellationToken);
        var restored = string.Create(
            CultureInfo.InvariantCulture,
            $"Restored the backup of {note.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC into {account}: "
                + $"{Amount.Of(note.Lists, "list")}, {Amount.Of(note.Submissions, "submission")}, "
                + $"{Amount.Of(note.Inputs, "input")}.");
        return unsent.Count == 0 ? [restored] :
        [
            restored,
            "These lists were being planned, and their message was not kept. Send them again: "
                + string.Join(", ", unsent),
        ];
    }

    /// <summary>Nothing: the disks of the workers cannot be seen from here.</summary>
    public override string? FindProblem() => null;

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
