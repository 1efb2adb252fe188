using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Text;

namespace Pipeline.Emulator.Faults;

/// <summary>Decides which faults happen. The same faults, seed and index always give the same answer.</summary>
internal sealed class FaultInjector(FaultSet faults)
{
    private static readonly string[] Damages =
    [
        "missing",
        "truncated",
        "bitflip",
        "empty",
        "mislabelled",
        "trailing",
        .. NoResult.Forms,
    ];

    private readonly Lock _changing = new();
    private volatile Live _live = new(faults);

    public FaultSet Current => _live.Set;

    /// <summary>Replaces all faults and restarts their counts. Existing tasks keep the faults drawn for them.</summary>
    public void Replace(FaultSet faults)
    {
        lock (_changing)
            _live = new(faults);
    }

    /// <summary>
    /// Sets one fault, or removes it if <paramref name="fault"/> is null. The counts of the other faults stay.
    /// </summary>
    public void Set(string name, ConfiguredFault? fault)
    {
        lock (_changing)
            _live = _live.With(name, fault);
    }

    /// <summary>How many of a fault's count have happened; 0 for a fault without a count.</summary>
    public int Used(string name) => _live.Used(name);

    /// <summary>Whether a fault happens to the request or task with this index. Uses up one of a count.</summary>
    public bool Happens(string name, long index) => _live.Happens(name, index, out _);

    /// <summary>The word of a fault for the request with this index; null when it does not happen.</summary>
    public string? Word(string name, long index) => Word(_live, name, index);

    /// <summary>
    /// The milliseconds of a fault for the request or task with this index; 0 when it does not happen.
    /// </summary>
    public int Milliseconds(string name, long index) => Milliseconds(_live, name, index);

    /// <summary>The value of a setting, or <paramref name="defaultValue"/> if it is not set.</summary>
    public int Setting(string name, int defaultValue) => Setting(_live, name, defaultValue);

    /// <summary>Whether any hostile fault is configured.</summary>
    public bool IsHostile => _live.IsHostile;

    /// <summary>
    /// The word of a hostile fault: the configured one, or one drawn for <c>hostile</c>; null when neither happens.
    /// </summary>
    public string? Hostile(string name, long index) => Hostile(_live, name, index);

    /// <summary>A random number that depends only on seed, name and index.</summary>
    public ulong Draw(string name, long index) => _live.Draw(name, index);

    /// <summary>Draws the faults of a new task.</summary>
    /// <param name="index">The task's sequence number.</param>
    /// <param name="isMarked">Whether hostile faults apply to the task.</param>
    public TaskFaults ForTask(long index, bool isMarked = false)
    {
        var live = _live;
        if (live.Set.Faults.Count == 0)
            return TaskFaults.None;
        var never = live.Happens("task_never", index, out _);
        var lost = live.Happens("webhook_lost", index, out _);
        var late = Milliseconds(live, "webhook_late", index);
        if (live.Happens("webhook_shuffle", index, out _))
            late += (int)(
                live.Draw("webhook_shuffle_ms", index) % (ulong)Math.Max(1, Setting(live, "webhook_shuffle_ms", 500)));
        var damage = Damages.FirstOrDefault(d => live.Happens("object_" + d, index, out _));
        return new()
        {
            Never = never,
            Fail = live.Happens("task_fail", index, out _),
            Unnamed = live.Happens("batch_short", index, out _),
            IdForm = Word(live, "task_ids", index),
            ResultUnfinished = Word(live, "result_unfinished", index),
            ResultWrap = Word(live, "result_wrap", index),
            Null = live.Happens("null_tasks", index, out _),
            SlowMs = Milliseconds(live, "task_slow_ms", index),
            ResultStatus = Word(live, "result_status", index),
            Wild = Word(live, "task_states", index) == "wild",
            Echo = Word(live, "echo", index) is { } echo and not "full" ? echo : null,
            Object = damage,
            ObjectLateMs = Milliseconds(live, "object_late_ms", index),
            ObjectHealMs = damage is null ? 0 : Setting(live, "object_heal_ms", 0),
            WebhookLost = lost,
            WebhookRepeat = live.Happens("webhook_repeat", index, out _),
            WebhookEarly = live.Happens("webhook_early", index, out _) && !never && !lost,
            WebhookLateMs = late,
            WebhookForm = Word(live, "webhook_form", index),
            WebhookState = Word(live, "webhook_state", index),
            HostileResult = isMarked ? Hostile(live, "hostile_result", index) : null,
            HostileWebhook = isMarked ? Hostile(live, "hostile_webhook", index) : null,
            Draw = live.Draw("task", index),
        };
    }

    private static int Milliseconds(Live live, string name, long index) =>
        live.Happens(name, index, out var fault) ? fault.Number : 0;

    private static string? Word(Live live, string name, long index) =>
        live.Happens(name, index, out var fault) ? fault.Value : null;

    private static string? Hostile(Live live, string name, long index)
    {
        if (Word(live, name, index) is { } word)
            return word;
        if (!live.Happens("hostile", index, out _, drawnAs: name))
            return null;
        var words = FaultCatalog.ByName[name].Words;
        return words[live.Draw($"{name} kind", index) % (ulong)words.Length];
    }

    private static int Setting(Live live, string name, int defaultValue) =>
        live.Set.Faults.TryGetValue(name, out var fault) ? fault.Number : defaultValue;

    /// <summary>A set of faults, and how much of each count is used up.</summary>
    private sealed class Live(FaultSet set, IEnumerable<KeyValuePair<string, int>>? used = null)
    {
        private readonly ConcurrentDictionary<string, int> _used = new(used ?? []);
        private readonly int _seed = set.Faults.TryGetValue("seed", out var seed) ? seed.Number : 0;

        public FaultSet Set => set;

        public bool IsHostile { get; } = set.Faults.Keys.Any(
            name => name.StartsWith("hostile", StringComparison.Ordinal));

        public Live With(string name, ConfiguredFault? fault) =>
            new(set.With(name, fault), _used.Where(u => u.Key != name));

        public int Used(string name) => set.Faults.TryGetValue(name, out var fault) && fault.Chance.Count is { } count
            ? Math.Min(count, _used.GetValueOrDefault(name))
            : 0;

        public bool Happens(
            string name, long index, [NotNullWhen(true)] out ConfiguredFault? fault, string? drawnAs = null)
        {
            if (!set.Faults.TryGetValue(name, out fault))
                return false;
            return fault.Chance.Count is { } count
                ? _used.AddOrUpdate(name, 1, (_, used) => used <= count ? used + 1 : used) <= count
                : Draw(drawnAs ?? name, index) / (double)ulong.MaxValue < fault.Chance.Rate || fault.Chance.Rate >= 1;
        }

        public ulong Draw(string name, long index)
        {
            Span<byte> key = stackalloc byte[64];
            BinaryPrimitives.WriteInt64LittleEndian(key, index);
            return XxHash3.HashToUInt64(key[..(8 + Encoding.UTF8.GetBytes(name, key[8..]))], _seed);
        }
    }
}
