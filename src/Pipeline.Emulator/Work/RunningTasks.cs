using System.Collections.Concurrent;

namespace Pipeline.Emulator.Work;

/// <summary>The tasks that are running now, at most as many as there are workers.</summary>
internal sealed class RunningTasks
{
    private readonly ConcurrentDictionary<long, byte> _seqs = new();

    /// <summary>Number of running tasks.</summary>
    public int Count => _seqs.Count;

    public bool Contains(long seq) => _seqs.ContainsKey(seq);

    public void Add(long seq) => _seqs.TryAdd(seq, 0);

    public void Remove(long seq) => _seqs.TryRemove(seq, out _);
}
