using Pipeline.Diagnostics;

namespace Pipeline.Chaos;

/// <summary>The special condition of a trial, besides kills and faults.</summary>
internal enum TrialKind
{
    /// <summary>None.</summary>
    Plain,

    /// <summary>State and output are on a disk that fills up.</summary>
    SmallDisk,

    /// <summary>At each start, the clock is a day ahead, a day behind, or right.</summary>
    Clock,

    /// <summary>Queues, ledger and records are in Azurite, which is stopped and restarted.</summary>
    Azure,

    /// <summary><c>pipeline serve</c> under a flood of forged webhooks.</summary>
    Flooded,

    /// <summary>The state is backed up while the command works, and an old backup is restored after kills.</summary>
    Restored,

    /// <summary>The same with a storage account: its ledger is backed up and restored.</summary>
    RestoredAzure,

    /// <summary><c>pipeline serve</c> with a hostile list beside an honest one, without kills.</summary>
    Hostile,
}

/// <summary>The kinds of interruption.</summary>
internal enum Blow
{
    /// <summary>The command kills itself at a boundary.</summary>
    Boundary,

    /// <summary>The command is killed at a random time.</summary>
    AnyTime,

    /// <summary>
    /// The command freezes at a boundary or a random time while a second one starts on the same state; it then resumes
    /// as a stale worker. In the end, both are killed.
    /// </summary>
    Freeze,

    /// <summary>Two commands share one state; each kills itself at its own boundary.</summary>
    Two,

    /// <summary>The emulator is killed and restarted.</summary>
    Emulator,

    /// <summary>
    /// The outage of the trial's kind: the disk is filled and freed, or Azurite stopped and restarted.
    /// </summary>
    Outage,
}

/// <summary>One interruption of the command.</summary>
/// <param name="Blow">The kind of interruption.</param>
/// <param name="At">Boundary and pass count, such as <c>submit.after-intent:2</c>; null for none.</param>
/// <param name="Other">Boundary of the second worker.</param>
/// <param name="After">Time of the interruption if it is not at a boundary.</param>
/// <param name="DaysOff">Error of the clock, days.</param>
internal sealed record Interruption(Blow Blow, string? At, string? Other, TimeSpan After, int DaysOff);

/// <summary>The plan of one trial; it follows entirely from the seed.</summary>
internal sealed record TrialPlan(
    int Seed, TrialKind Kind, int Urls, string? StorageUrl, FaultPlan Faults, IReadOnlyList<Interruption> Interruptions,
    int LastDaysOff, bool TwoAtLast)
{
    /// <summary>The kinds of consecutive seeds.</summary>
    public static readonly IReadOnlyList<TrialKind> Cycle =
        [
            TrialKind.Plain, TrialKind.SmallDisk, TrialKind.Plain, TrialKind.Flooded, TrialKind.Plain, TrialKind.Clock,
            TrialKind.Plain, TrialKind.Azure, TrialKind.Restored, TrialKind.Hostile, TrialKind.RestoredAzure];

    /// <summary>
    /// The boundaries at which trials kill workers. NotificationKillSuite, the tests of <c>pipeline erase</c> and
    /// KeepingKillTests kill at those of notifications, erasures, backups and restores.
    /// </summary>
    public static readonly IReadOnlyList<string> Killed =
    [
        .. CrashPoint.Names.Where(name => !name.StartsWith("notify.", StringComparison.Ordinal)
            && !name.StartsWith("erase.", StringComparison.Ordinal)
            && !name.StartsWith("backup.", StringComparison.Ordinal)
            && !name.StartsWith("restore.", StringComparison.Ordinal)),
    ];

    /// <summary>Whether lists are exported when they close: only then are those boundaries passed.</summary>
    public bool Exports => Interruptions.Any(
        blow => blow.At?.StartsWith("export.", StringComparison.Ordinal) == true);

    /// <summary>Whether the command serves and lists are submitted to it; otherwise, they are its arguments.</summary>
    public bool IsServing => Kind is TrialKind.Flooded or TrialKind.Hostile;

    /// <summary>Whether the command works over a storage account.</summary>
    public bool IsOverAzure => Kind is TrialKind.Azure or TrialKind.RestoredAzure;

    /// <summary>Whether old backups are restored.</summary>
    public bool IsRestored => Kind is TrialKind.Restored or TrialKind.RestoredAzure;

    /// <summary>Plans a trial at random.</summary>
    /// <param name="seed">Determines the whole plan.</param>
    /// <param name="only">The kind of trial; null for the next one of <see cref="Cycle"/>.</param>
    public static TrialPlan Draw(int seed, TrialKind? only)
    {
        var random = new Random(seed);
        var kind = only ?? Cycle[seed % Cycle.Count];
        string? storage = random.Next(6) switch { 0 => null, 1 => "gs://results/chaos/", _ => "s3://results/chaos/" };
        if (kind == TrialKind.Hostile)
            return new(seed, kind, random.Next(50, 90), storage, FaultPlan.DrawHostile(random, seed), [], 0, false);
        var faults = FaultPlan.Draw(random, seed, isSlow: kind == TrialKind.Clock);
        var interruptions = Boundaries(random, seed, faults.HasRefusals)
            .SelectMany(at => WithOthers(random, kind, at))
            .ToList();
        return new(seed, kind, random.Next(50, 90), storage, faults, interruptions, DaysOff(random, kind),
            kind is TrialKind.Plain
            && random.Next(3) == 0);
    }

    /// <summary>
    /// Chooses boundaries, in the order in which a list passes them. Consecutive seeds go through all boundaries.
    /// </summary>
    private static IEnumerable<string> Boundaries(Random random, int seed, bool hasRefusals)
    {
        var chosen = new SortedSet<int> { seed % Killed.Count };
        if (hasRefusals)
            chosen.UnionWith(
                Killed.Index().Where(
                    name =>
                        name.Item is "submit.after-refusal" or "repeat.after-submission").Select(name => name.Index));
        while (chosen.Count < 9)
            chosen.Add(random.Next(Killed.Count));
        foreach (var index in chosen)
        {
            var name = Killed[index];
            // These boundaries are passed once, all others often.
            var isOnce = name is "intake.after-list" or "intake.after-pin" or "intake.after-messages"
                || name.Contains("manifest", StringComparison.Ordinal) || name == "sweep.after-close"
                || name.StartsWith("export.", StringComparison.Ordinal);
            yield return $"{name}:{(isOnce ? 1 : random.Next(1, 5))}";
        }
    }

    private static IEnumerable<Interruption> WithOthers(Random random, TrialKind kind, string at)
    {
        Interruption New(Blow blow, string? point) =>
            new(
                blow, point, AnyBoundary(random), TimeSpan.FromMilliseconds(random.Next(400, 1800)),
                DaysOff(random, kind));
        yield return New(Blow.Boundary, at);
        if (random.Next(5) == 0)
            yield return New(random.Next(3) == 0 ? Blow.Emulator : Blow.AnyTime, null);
        if (kind is TrialKind.Plain && random.Next(7) == 0)
            yield return New(Blow.Two, AnyBoundary(random));
        // A stale worker is most dangerous if it froze between two steps.
        if (kind is TrialKind.Plain && random.Next(10) == 0)
            yield return New(Blow.Freeze, random.Next(3) == 0 ? null : AnyBoundary(random));
        if (kind is TrialKind.SmallDisk or TrialKind.Azure && random.Next(4) == 0)
            yield return New(Blow.Outage, null);
    }

    private static string AnyBoundary(Random random) =>
        $"{Killed[random.Next(3, Killed.Count - 3)]}:{random.Next(1, 4)}";

    private static int DaysOff(Random random, TrialKind kind) => kind == TrialKind.Clock ? random.Next(-1, 2) : 0;
}
