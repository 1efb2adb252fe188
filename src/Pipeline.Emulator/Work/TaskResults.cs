using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Sample;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work;

/// <summary>The result documents of tasks. They are kept in files; in canned mode they follow from the task alone, and are made whenever they are asked for.</summary>
internal sealed class TaskResults(EmulatorOptions options, PageFetcher fetcher, ResultFiles files, TimeProvider time) : IDisposable
{
    // Making a result is work of the processor and holds the whole page: more at once would cost memory and gain nothing.
    private readonly SemaphoreSlim _builders = new(Environment.ProcessorCount);

    /// <summary>Fetches the page and keeps the result.</summary>
    /// <returns>The page's HTTP status.</returns>
    /// <exception cref="PageFetchException">The page cannot be had.</exception>
    public async Task<int> MakeAsync(TaskRow task, CancellationToken cancellationToken)
    {
        if (options.CannedBytes is not null)
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
    public Stream Open(TaskRow task)
    {
        if (options.CannedBytes is not { } bytes)
            return files.Open(task.Id);
        var document = new MemoryStream(bytes + (bytes / 8) + 1024);
        var input = TaskInput.Of(task);
        var page = new FetchedPage(new Uri(input.Url), StatusCodes.Status200OK, "text/html; charset=utf-8", GeneratedPage.Build(task.Seq, bytes));
        ResultDocument.Write(document, task, input, page, task.CreatedAt, TimeSpan.FromMilliseconds(task.Seq % 1000));
        document.Position = 0;
        return document;
    }

    public void Dispose() => _builders.Dispose();
}
