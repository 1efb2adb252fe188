using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work.Results;

/// <summary>
/// Creates and opens the result documents of tasks. They are stored in files, except canned ones, which follow from the
/// task and are created at each read.
/// </summary>
internal sealed class TaskResults(EmulatorOptions options, PageFetcher fetcher, ResultFiles files, TimeProvider time)
    : IDisposable
{
    // Creating a result is bound by the CPU and holds the whole page in memory, so more at once would gain nothing.
    private readonly SemaphoreSlim _builders = new(Environment.ProcessorCount);
    private readonly CannedResults? _canned = options.CannedBytes is { } bytes ? new(bytes) : null;

    /// <summary>Fetches the page and stores the result.</summary>
    /// <returns>The page's HTTP status.</returns>
    /// <exception cref="PageFetchException">The page could not be fetched.</exception>
    public async Task<int> MakeAsync(TaskRow task, CancellationToken cancellationToken)
    {
        if (_canned is not null)
            return StatusCodes.Status200OK;
        var input = TaskInput.Of(task);
        var startedAt = time.GetUtcNow();
        var start = time.GetTimestamp();
        var page = await fetcher.FetchAsync(new Uri(input.Url), cancellationToken);
        var duration = time.GetElapsedTime(start);
        await _builders.WaitAsync(cancellationToken);
        try
        {
            files.Write(task.Id, file => ResultDocument.Write(file, task, input, page, startedAt, duration));
        }
        finally
        {
            _builders.Release();
        }
        return page.StatusCode;
    }

    /// <summary>Opens the result of a task that succeeded.</summary>
    public Stream Open(TaskRow task) => HostileResult.Spoil(OpenHonest(task), task);

    /// <summary>Opens the result of a task that succeeded, as gzip.</summary>
    public Stream OpenGzip(TaskRow task) =>
        _canned is not null && task.Faults is { ResultWrap: null, HostileResult: null }
            ? _canned.OpenGzip(task)
            : ObjectBytes.Compress(Open(task));

    public void Dispose() => _builders.Dispose();

    private Stream OpenHonest(TaskRow task) =>
        ObjectBytes.Wrap(_canned is not null ? _canned.Open(task) : files.Open(task.Id), task.Faults.ResultWrap);
}
