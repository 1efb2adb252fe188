namespace Pipeline.Chaos;

/// <summary>Sees when the first new outcome is on disk: records, failures or manifest have grown.</summary>
internal sealed class OutputWatch : IDisposable
{
    private static readonly string[] Files = ["records.ndjson", "failures.ndjson", "manifest.json"];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    public OutputWatch(string folder, long since) => _watching = Task.Run(() => WatchAsync(folder, since));

    /// <summary>How long it took; null where there was none yet.</summary>
    public TimeSpan? First { get; private set; }

    public void Dispose()
    {
        _stop.Cancel();
        _watching.Wait();
        _stop.Dispose();
    }

    private async Task WatchAsync(string folder, long since)
    {
        var before = Lengths(folder);
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
            // What is cut off at the start of a run makes them shorter first.
            var now = Lengths(folder);
            if (now.Zip(before).Any(l => l.First > l.Second))
            {
                First = TimeProvider.System.GetElapsedTime(since);
                return;
            }

            before = now;
        }
    }

    private static long[] Lengths(string folder) => [.. Files.Select(f => new FileInfo(Path.Combine(folder, f))).Select(f => f.Exists ? f.Length : 0)];
}
