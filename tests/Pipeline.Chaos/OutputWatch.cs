namespace Pipeline.Chaos;

/// <summary>Measures when the first new outcome is on disk: records, failures or manifest have grown.</summary>
internal sealed class OutputWatch : IDisposable
{
    private static readonly string[] Files = ["records.ndjson", "failures.ndjson", "manifest.json"];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    public OutputWatch(string folder, long since) => _watching = Task.Run(() => WatchAsync(folder, since));

    /// <summary>Time until the first outcome; null if there is none yet.</summary>
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
            // A run truncates incomplete output at its start, so the files may shrink first.
            var now = Lengths(folder);
            if (now.Zip(before).Any(l => l.First > l.Second))
            {
                First = TimeProvider.System.GetElapsedTime(since);
                return;
            }

            before = now;
        }
    }

    private static long[] Lengths(string folder) =>
        [.. Files.Select(f => new FileInfo(Path.Combine(folder, f))).Select(f => f.Exists ? f.Length : 0)];
}
