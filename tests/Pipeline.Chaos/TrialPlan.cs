namespace Pipeline.Chaos;

/// <summary>How the command is stopped once.</summary>
/// <param name="CrashAt">The boundary where it kills itself, such as <c>submit.after-intent:2</c>; null for a kill from outside.</param>
/// <param name="After">When it is killed from outside, or frozen.</param>
/// <param name="Freezes">It is frozen by SIGSTOP instead, another is started on the same state, and then it goes on as a stale worker.</param>
internal sealed record Interruption(string? CrashAt, TimeSpan After, bool Freezes)
{
    public string Point => Freezes ? "SIGSTOP, second process" : CrashAt?.Split(':')[0] ?? "random time";
}

/// <summary>What one trial does; all of it follows from the seed.</summary>
internal sealed record TrialPlan(int Seed, int Urls, string? StorageUrl, string Faults, IReadOnlyList<Interruption> Interruptions, bool RestartsEmulator, int Forged)
{
    private static readonly string[] Points =
    [
        "intake.after-list", "intake.after-submission", "intake.after-messages",
        "submit.after-intent", "submit.after-post", "submit.after-tasks", "submit.after-state",
        "callback.after-verification", "callback.after-enqueue",
        "collect.before-open", "collect.after-staging", "sink.after-append", "collect.after-sink", "collect.after-ledger", "failure.after-ledger",
        "sweep.adopt", "sweep.close", "sweep.before-manifest", "sweep.after-manifest", "sweep.after-close", "queue.after-handle",
    ];

    private static readonly string[] FaultPool =
    [
        "post_429=1", "post_500_after=0.3", "post_500_before=0.3", "post_555_after=0.3", "post_cut_after=0.3", "post_slow_ms=500@0.3", "get_429=0.1", "get_500=0.1",
        "webhook_lost=0.5", "webhook_lost", "webhook_repeat", "webhook_late=700@0.5", "webhook_early=0.5", "webhook_shuffle", "webhook_form=bare", "webhook_form=mixed",
        "webhook_state=pending", "task_fail=0.2", "task_slow_ms=600@0.5", "task_states=wild", "null_tasks=0.2", "echo=none", "echo=input", "result_status=blocked@0.2",
        "object_late_ms=500@0.5", "object_missing=0.2", "object_truncated=0.3", "object_bitflip=0.3", "object_empty=0.2", "object_mislabelled=0.3", "object_trailing=0.2",
    ];

    /// <summary>Draws a trial.</summary>
    public static TrialPlan Draw(int seed)
    {
        var random = new Random(seed);
        var faults = random.GetItems(FaultPool, random.Next(5)).DistinctBy(f => f.Split('=')[0]).Append("retry_after_ms=200").Append($"seed={seed}");
        string? storage = random.Next(4) switch { 0 => null, 1 => "gs://results/chaos/", _ => "s3://results/chaos/" };
        // Every boundary has its turn; what comes after it is random.
        var first = new Interruption($"{Points[seed % Points.Length]}:{random.Next(1, 4)}", TimeSpan.Zero, false);
        var more = Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(4) switch
        {
            0 => new Interruption($"{Points[random.Next(Points.Length)]}:{random.Next(1, 10)}", TimeSpan.Zero, false),
            1 => new Interruption(null, TimeSpan.FromMilliseconds(random.Next(400, 2000)), true),
            _ => new Interruption(null, TimeSpan.FromMilliseconds(random.Next(300, 2500)), false),
        });
        return new(seed, random.Next(20, 50), storage, string.Join(',', faults), [first, .. more], random.Next(4) == 0, random.Next(3) == 0 ? 500 : 0);
    }
}
