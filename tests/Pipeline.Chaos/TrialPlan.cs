using Pipeline.Diagnostics;

namespace Pipeline.Chaos;

/// <summary>What a trial has besides kills and faults.</summary>
internal enum TrialKind
{
    /// <summary>Nothing.</summary>
    Plain,

    /// <summary>The state and the output are on a disk that runs full.</summary>
    SmallDisk,

    /// <summary>Each start finds the clock a day ahead, a day behind, or right.</summary>
    Clock,

    /// <summary>Queues, ledger and records are in Azurite, which is stopped and started again.</summary>
    Azure,

    /// <summary><c>pipeline serve</c>, flooded with forged webhooks.</summary>
    Flooded,

    /// <summary><c>pipeline serve</c> with a hostile list beside an honest one, and no kills.</summary>
    Hostile,
}

/// <summary>What is done to the command once.</summary>
internal enum Blow
{
    /// <summary>It kills itself at a boundary.</summary>
    Boundary,

    /// <summary>It is killed at a random time.</summary>
    AnyTime,

    /// <summary>It freezes at a boundary or a random time, another is started on the same state, then it goes on as a stale worker; then both are killed.</summary>
    Freeze,

    /// <summary>Two work on one state, each with a boundary of its own to die at.</summary>
    Two,

    /// <summary>The emulator is killed and started again meanwhile.</summary>
    Emulator,

    /// <summary>What the trial's kind has: the disk is filled and freed again, Azurite stopped and started.</summary>
    Outage,
}

/// <summary>How the command is stopped once.</summary>
/// <param name="Blow">What is done.</param>
/// <param name="At">The boundary, and which time it is passed, such as <c>submit.after-intent:2</c>; null for none.</param>
/// <param name="Other">The second worker's boundary.</param>
/// <param name="After">When it is struck where it does not come by a boundary.</param>
/// <param name="DaysOff">By how much the clock is wrong.</param>
internal sealed record Interruption(Blow Blow, string? At, string? Other, TimeSpan After, int DaysOff);

/// <summary>What one trial does; all of it follows from the seed.</summary>
internal sealed record TrialPlan(int Seed, TrialKind Kind, int Urls, string? StorageUrl, FaultPlan Faults, IReadOnlyList<Interruption> Interruptions, int LastDaysOff, bool TwoAtLast)
{
    /// <summary>The kinds of consecutive seeds.</summary>
    public static readonly IReadOnlyList<TrialKind> Cycle =
        [TrialKind.Plain, TrialKind.SmallDisk, TrialKind.Plain, TrialKind.Flooded, TrialKind.Plain, TrialKind.Clock, TrialKind.Plain, TrialKind.Azure, TrialKind.Hostile];

    /// <summary>Whether lists are handed in to a command that serves; else they are its arguments.</summary>
    public bool IsServing => Kind is TrialKind.Flooded or TrialKind.Hostile;

    /// <summary>Draws a trial.</summary>
    /// <param name="seed">What all of it follows from.</param>
    /// <param name="only">The kind; null for the one whose turn it is.</param>
    public static TrialPlan Draw(int seed, TrialKind? only)
    {
        var random = new Random(seed);
        var kind = only ?? Cycle[seed % Cycle.Count];
        string? storage = random.Next(6) switch { 0 => null, 1 => "gs://results/chaos/", _ => "s3://results/chaos/" };
        if (kind == TrialKind.Hostile)
            return new(seed, kind, random.Next(50, 90), storage, FaultPlan.DrawHostile(random, seed), [], 0, false);
        var faults = FaultPlan.Draw(random, seed, isSlow: kind == TrialKind.Clock);
        var interruptions = Boundaries(random, seed, faults.HasRefusals).SelectMany(at => WithOthers(random, kind, at)).ToList();
        return new(seed, kind, random.Next(50, 90), storage, faults, interruptions, DaysOff(random, kind), kind is TrialKind.Plain && random.Next(3) == 0);
    }

    /// <summary>Some boundaries, in the order in which a list comes by them; every one has its turn, those at the end more often since fewer trials get there.</summary>
    private static IEnumerable<string> Boundaries(Random random, int seed, bool hasRefusals)
    {
        var chosen = new SortedSet<int> { seed % CrashPoint.Names.Count };
        if (hasRefusals)
            chosen.UnionWith(CrashPoint.Names.Index().Where(name => name.Item is "submit.after-refusal" or "repeat.after-submission").Select(name => name.Index));
        while (chosen.Count < 9)
            chosen.Add(random.Next(CrashPoint.Names.Count));
        foreach (var index in chosen)
        {
            var name = CrashPoint.Names[index];
            // A manifest is written once; all else is passed often.
            var isOnce = name is "intake.after-list" or "intake.after-messages" || name.Contains("manifest", StringComparison.Ordinal) || name == "sweep.after-close";
            yield return $"{name}:{(isOnce ? 1 : random.Next(1, 5))}";
        }
    }

    private static IEnumerable<Interruption> WithOthers(Random random, TrialKind kind, string at)
    {
        Interruption New(Blow blow, string? point) =>
            new(blow, point, AnyBoundary(random), TimeSpan.FromMilliseconds(random.Next(400, 1800)), DaysOff(random, kind));
        yield return New(Blow.Boundary, at);
        if (random.Next(5) == 0)
            yield return New(random.Next(3) == 0 ? Blow.Emulator : Blow.AnyTime, null);
        if (kind is TrialKind.Plain && random.Next(7) == 0)
            yield return New(Blow.Two, AnyBoundary(random));
        // Frozen where a stale worker is most dangerous: between two steps.
        if (kind is TrialKind.Plain && random.Next(10) == 0)
            yield return New(Blow.Freeze, random.Next(3) == 0 ? null : AnyBoundary(random));
        if (kind is TrialKind.SmallDisk or TrialKind.Azure && random.Next(4) == 0)
            yield return New(Blow.Outage, null);
    }

    private static string AnyBoundary(Random random) => $"{CrashPoint.Names[random.Next(3, CrashPoint.Names.Count - 3)]}:{random.Next(1, 4)}";

    private static int DaysOff(Random random, TrialKind kind) => kind == TrialKind.Clock ? random.Next(-1, 2) : 0;
}
