using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;

namespace Pipeline.Benchmarks;

/// <summary>
/// One of several processes over one ledger, each of which asks the API as fast as the shared rate lets it, until
/// standard input closes. The server counts.
/// </summary>
internal static class Rate
{
    // Enough that the rate, and not the answers, is what holds a process back.
    private const int AtOnce = 8;

    /// <param name="api">The API.</param>
    /// <param name="store">The folder of a SQLite state, or the connection string of a storage account.</param>
    public static async Task<int> RunAsync(Uri api, string store)
    {
        using var account = store.Contains("AccountName=", StringComparison.Ordinal)
            ? new AzureAccount(new AzureStorageOptions { ConnectionString = store })
            : null;
        await using var database = account is null ? await LocalDatabase.OpenAsync(store, default) : null;
        IRequestPace pace = account is null
            ? new LocalRequestPace(database!)
            : new TableRequestPace(account, TimeProvider.System);
        var options = new PipelineOptions { Nimble = { ApiKey = "any", BaseUrl = api } };
        using var http = NimbleHttp.CreateClient();
        using var nimble = new NimbleClient(
            http, Microsoft.Extensions.Options.Options.Create(options), TimeProvider.System,
            NullLogger<NimbleClient>.Instance, pace);
        using var stop = new CancellationTokenSource();
        var asking = Enumerable.Range(0, AtOnce).Select(_ => AskAsync(nimble, stop.Token)).ToArray();
        await Console.In.ReadToEndAsync();
        await stop.CancelAsync();
        await Task.WhenAll(asking);
        return 0;
    }

    private static async Task AskAsync(NimbleClient nimble, CancellationToken stop)
    {
        try
        {
            while (true)
                await nimble.GetProgressAsync("bench", "00000000-0000-0000-0000-000000000000", stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }
}
