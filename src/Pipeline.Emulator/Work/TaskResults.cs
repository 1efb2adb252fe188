using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work;

/// <summary>The result documents of tasks. They are kept in files; canned ones follow from the task alone, and are made whenever they are asked for.</summary>
internal sealed class TaskResults(EmulatorOptions options, PageFetcher fetcher, ResultFiles files, TimeProvider time) : IDisposable
{
    // Making a result is work of the processor and holds the whole page: more at once would cost memory and gain nothing.
    private readonly SemaphoreSlim _builders = new(Environment.ProcessorCount);
    private readonly CannedResults? _canned = options.CannedBytes is { } bytes ? new(bytes) : null;

    /// <summary>Fetches the page and keeps the result.</summary>
    /// <returns>The page's HTTP status.</returns>
    /// <exception cref="PageFetchException">The page cannot be had.</exception>
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

    /// <summary>Opens the result of a task that has one.</summary>
    public Stream Open(TaskRow task) => HostileResult.Spoil(OpenHonest(task), task);

    /// <summary>The same, compressed.</summary>
    public Stream OpenGzip(TaskRow task) =>
        _canned is not null && task.Faults is { ResultWrap: null, HostileResult: null } ? _canned.OpenGzip(task) : ObjectBytes.Compress(Open(task));

    public void Dispose() => _builders.Dispose();

    private Stream OpenHonest(TaskRow task) =>
        ObjectBytes.Wrap(_canned is not null ? _canned.Open(task) : files.Open(task.Id), task.Faults.ResultWrap);
}
