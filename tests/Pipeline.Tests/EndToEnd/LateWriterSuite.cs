using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Export;
using Pipeline.Export.Closing;
using Pipeline.Export.Sources;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Reports;
using Pipeline.Staging;
using Pipeline.Steering;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// A worker pauses between reading and writing while its list is erased. In the end nothing of the list is left. Each
/// list pauses at another write, and all lists run at once.
/// </summary>
public abstract class LateWriterSuite(Servers? azure) : StoreSuite(azure)
{
    private const string Gone = "gone-";
    private const string Kept = "keep-me";

    // In the order in which a list reaches them.
    private static readonly Boundary[] All =
    [
        new("a", nameof(ILedger.CreateListAsync)),
        new("b", nameof(ILedger.AddRunAsync)),
        new("c", nameof(IRecordStore.PutFailuresAsync)),
        new("d", nameof(ILedger.CreateSubmissionAsync)),
        new("e", nameof(ILedger.UpdateListAsync), args => args[0] is ListEntry { State: ListState.Open }),
        new("f", nameof(ILedger.ReserveAsync)),
        new("g", nameof(ILedger.UpdateSubmissionAsync), Becomes(SubmissionState.Posting)),
        new("h", nameof(ILedger.AddTasksAsync)),
        new("i", nameof(IRecordStore.PutRecordsAsync)),
        new("j", nameof(ILedger.UpdateInputsAsync)),
        new("k", nameof(IRecordAnnouncer.AnnounceAsync), args => args[0] is StoredPart),
        new("l", nameof(IRecordStore.CloseSubmissionAsync)),
        new("m", nameof(ILedger.PutSeriesAsync)),
        new("n", nameof(IRecordStore.PutManifestAsync)),
        new("o", nameof(ILedger.UpdateListAsync), args => args[0] is ListEntry { State: ListState.Closed }),
        new("p", nameof(IExportFiles.WriteAsync), args => $"{args[0]}".Contains("list=", StringComparison.Ordinal)),
    ];

    // The first write that follows the POST.
    private const string AfterPost = "h";

    // Nothing is announced on one machine, and an erasure compacts the database, so there are fewer.
    private IReadOnlyList<Boundary> Boundaries { get; } =
        azure is null ? [.. All.Where(b => "adgijmnop".Contains(b.Id, StringComparison.Ordinal))] : All;

    private readonly ConcurrentDictionary<string, bool> _erased = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _errors = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task AWorkerThatStoodStillDuringTheErasureLeavesNothing()
    {
        await using var rig = await StartAsync();
        var settings = rig.Settings(
            "none",
            tuning: [("Export:Format", "Parquet"), ("Guards:MaxUrlsPerList", "50"), ("Guards:MaxUrlsPerDay", "9000")]);
        settings.WorkStore.PrepareToServe();
        await using var store = await settings.WorkStore.OpenForHostAsync(Stop);
        await using var erasing = await StoreAccess.OpenAsync(settings, Stop);
        await using var services = Services(rig, settings, store, erasing.Services);
        foreach (var id in Boundaries.Select(b => Gone + b.Id).Append(Kept))
            await SendAsync(services, id);

        IReadOnlyList<string> found = ["not searched yet"];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(Patience.Limit);
        // A message that could not be completed during the compaction stays until its lease ends.
        var options = new QueueHostOptions
        {
            SweepInterval = TimeSpan.FromMilliseconds(300), Visibility = TimeSpan.FromSeconds(15),
        };
        await PipelineWorker.CreateHost(services, options).RunAsync(
            async token => _erased.Count(erased => erased.Value) == Boundaries.Count
                && await IsClosedAsync(services, token)
                && (found = await SearchAsync(rig, settings)).Count == 0,
            limit.Token);

        Assert.True(_errors.IsEmpty, string.Join('\n', _errors));
        Assert.Equal(Boundaries.Select(b => b.Id), _erased.Where(erased => erased.Value).Select(e => e.Key).Order());
        Assert.True(found.Count == 0, string.Join('\n', found));
        // Each list was posted at most once, and not at all if it was erased before.
        var posts = (await rig.PostsAsync()).Select(post => post.GetRawText()).ToList();
        foreach (var boundary in Boundaries)
            Assert.InRange(
                posts.Count(post => post.Contains($"of={Gone}{boundary.Id}", StringComparison.Ordinal)), 0,
                string.CompareOrdinal(boundary.Id, AfterPost) < 0 ? 0 : 1);
        Assert.Single(posts, post => post.Contains($"of={Kept}", StringComparison.Ordinal));
    }

    private static Func<object?[], bool> Becomes(SubmissionState state) =>
        args => args[0] is SubmissionEntry submission && submission.State == state;

    private ServiceProvider Services(
        Rig rig, RunSettings settings, OpenWorkStore store, IServiceProvider erasing)
    {
        var services = new ServiceCollection().AddLogging()
            .AddPipeline(options =>
            {
                settings.ApplyWithoutCallbacks(options);
                options.Collect.SpillFolder = Path.GetTempPath();
            })
            .AddCloudObjects(settings.Stores);
        store.AddTo(services);
        services.AddExports();
        if (rig.Azure is null)
        {
            services.AddSingleton<IExportFiles>(new FolderExportFiles(Path.Combine(rig.Out, "exports")));
            services.AddSingleton<Func<Manifest, IResultSource>>(s => manifest => new LocalListSource(
                s.GetRequiredService<LocalDatabase>(), Path.Combine(rig.Out, "records.ndjson"),
                new FailureReader(s.GetRequiredService<ILedger>()), manifest));
        }

        Task? Before(string method, object?[] args) => EraseBeforeAsync(erasing, method, args);
        Intercept<ILedger>(services, Before);
        Intercept<IListOrigins>(services, Before);
        Intercept<IWorkQueue>(services, Before);
        Intercept<IRecordStore>(services, Before);
        Intercept<IRecordAnnouncer>(services, Before);
        Intercept<IExportFiles>(services, Before);
        return services.BuildServiceProvider();
    }

    private static void Intercept<T>(IServiceCollection services, Func<string, object?[], Task?> before)
        where T : class
    {
        foreach (var port in services.Where(s => s.ServiceType == typeof(T)).ToList())
        {
            services.Remove(port);
            services.AddSingleton(s => InterceptedPort.BeforeAsync(
                (T)(port.ImplementationInstance ?? port.ImplementationFactory?.Invoke(s)
                    ?? ActivatorUtilities.CreateInstance(s, port.ImplementationType!)),
                before));
        }
    }

    /// <summary>Erases a list at the first call of its method that is about it; null for all other calls.</summary>
    private Task? EraseBeforeAsync(IServiceProvider erasing, string method, object?[] args)
    {
        var found = Boundaries.FirstOrDefault(
            b => b.Method == method && (b.When?.Invoke(args) ?? true) && IsAbout(args, Gone + b.Id));
        return found is not null && _erased.TryAdd(found.Id, false) ? EraseAsync(erasing, found.Id) : null;
    }

    private async Task EraseAsync(IServiceProvider erasing, string boundary)
    {
        var listId = Gone + boundary;
        try
        {
            // As if another list had been erased under this id before.
            await erasing.GetRequiredService<ILedger>().CreateListAsync(
                new() { ListId = listId, State = ListState.Open, CreatedAt = DateTimeOffset.UnixEpoch }, Stop);
            await erasing.GetRequiredService<IListEraser>().EraseAsync(
                listId, erasing.GetRequiredService<MessageOwner>().IsOf(listId), Stop);
            _erased[boundary] = true;
        }
        catch (Exception error)
        {
            _errors.Enqueue($"{listId}: {error}");
            throw;
        }
    }

    private static bool IsAbout(object?[] args, string listId) => args.Any(arg => arg switch
    {
        string text => text == listId || text.Contains($"list={listId}/", StringComparison.Ordinal)
            || text.StartsWith($"{listId}-0", StringComparison.Ordinal),
        ListEntry list => list.ListId == listId,
        SubmissionEntry submission => submission.ListId == listId,
        SeriesRun run => run.ListId == listId,
        StoredPart part => part.ListId == listId,
        StoredDocument document => document.Id == listId,
        Manifest manifest => manifest.ListId == listId,
        IEnumerable<Failure> failures => failures.Any(f => f.ListId == listId),
        IEnumerable<StagedRecord> records => records.Any(r => r.ListId == listId),
        IEnumerable<SeriesEntry> entries => entries.Any(e => e.ListId == listId),
        IEnumerable<InputEntry> inputs => inputs.Any(i => SubmissionIds.ListOf(i.SubmissionId) == listId),
        IEnumerable<ReadOnlyMemory<byte>> bodies => bodies.Any(
            body => Encoding.UTF8.GetString(body.Span).Contains($"\"{listId}-0", StringComparison.Ordinal)),
        _ => false,
    });

    private static async Task SendAsync(IServiceProvider services, string listId)
    {
        var list = new
        {
            list_id = listId, series = "prices",
            inputs = Rig.Urls(3).Select(url => $"{url}&of={listId}").Append($"not {listId}").Select(url => new { url }),
        };
        await services.GetRequiredService<IWorkQueue>().SendAsync(
            QueueNames.UrlLists, [JsonSerializer.SerializeToUtf8Bytes(list)], TimeSpan.Zero, Stop);
    }

    private static async Task<bool> IsClosedAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        await services.GetRequiredService<ILedger>().GetListAsync(Kept, cancellationToken)
            is { State: ListState.Closed };

    private async Task<IReadOnlyList<string>> SearchAsync(Rig rig, RunSettings settings)
    {
        if (rig.Azure is not null)
            return await StoreSearch.AccountAsync(rig.Azure, Gone);
        // SQLite keeps the bytes of handled messages in free pages, until an erasure compacts the file.
        return
        [
            .. Boundaries.SelectMany(b => StoreSearch.Files(Gone + b.Id, rig.Out).Select(file => $"{b.Id}: {file}")),
            .. StoreSearch.Rows(Path.Combine(settings.State, LocalDatabase.FileName), Gone),
        ];
    }

    private sealed record Boundary(string Id, string Method, Func<object?[], bool>? When = null);
}
