using System.Globalization;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Cli.Run;

/// <summary>How far a run is, with all that is said of it.</summary>
internal sealed record RunProgress
{
    private const int BarWidth = 20;

    /// <summary>The counts of its lists.</summary>
    public required LedgerCounts Counts { get; init; }

    /// <summary>Whether the lists read stored results again, so that nothing is posted.</summary>
    public bool IsRevision { get; init; }

    /// <summary>Whether a list is still being read, so that its inputs are not all counted.</summary>
    public bool IsPlanning { get; init; }

    /// <summary>Time since the lists were accepted: a run that goes on after a stop keeps its clock.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Outcomes a minute, lately; null while unknown.</summary>
    public double? PerMinute { get; init; }

    /// <summary>What it waits for at Nimble; null for nothing.</summary>
    public NimbleWait? Wait { get; init; }

    /// <summary>The lines that a terminal shows.</summary>
    public IEnumerable<string> ToScreen() =>
    [
        IsPlanning ? Reading() : $"{Bar()} {Percent}%  {Done()}",
        string.Join("   ", [$"elapsed {Elapsed:h\\:mm\\:ss}", .. Speed()]),
        .. Wait is null ? [] : (string[])[Wait.ToString()],
    ];

    /// <summary>The same as one line for a log.</summary>
    public string ToLine() => IsPlanning ? Reading() : string.Join(
        ", ", [Done(), .. Posted(), .. Unanswered(), .. LookedFor(),
            $"elapsed {Elapsed:h\\:mm\\:ss}", .. Speed(), .. Wait is null ? [] : (string[])[Wait.ToString()]]);

    // Rounded down: 100 means all.
    private long Percent => Counts.Inputs == 0 ? 0 : Counts.Finished * 100 / Counts.Inputs;

    private TimeSpan? TimeLeft => PerMinute is > 0 and var rate && !IsPlanning && Counts.Finished < Counts.Inputs
        && (Counts.Inputs - Counts.Finished) / rate < TimeSpan.FromDays(365).TotalMinutes
        ? TimeSpan.FromMinutes((Counts.Inputs - Counts.Finished) / rate)
        : null;

    private string Reading() => $"reading the list: {Amount.Of(Counts.Inputs, "URL")} so far";

    private string Bar()
    {
        var full = (int)(Counts.Inputs == 0 ? 0 : Counts.Finished * BarWidth / Counts.Inputs);
        return $"[{new string('#', full)}{new string('.', BarWidth - full)}]";
    }

    private string Done() => string.Create(CultureInfo.InvariantCulture,
        $"{Counts.Finished:N0} of {Amount.Of(Counts.Inputs, "URL")} done")
        + (Counts.Failures > 0 ? $", {Counts.Failures.ToString("N0", CultureInfo.InvariantCulture)} failed" : "");

    private IEnumerable<string> Posted() => IsRevision
        ? []
        : [string.Create(CultureInfo.InvariantCulture, $"{Counts.Posted:N0} posted")];

    private IEnumerable<string> Unanswered() => Counts.Unanswered == 0
        ? []
        : [string.Create(CultureInfo.InvariantCulture, $"{Counts.Unanswered:N0} in a POST with no answer yet")];

    private IEnumerable<string> LookedFor() => Counts.LookedFor == 0
        ? []
        : [string.Create(CultureInfo.InvariantCulture, $"{Counts.LookedFor:N0} looked for at Nimble")];

    private IEnumerable<string> Speed()
    {
        if (PerMinute is >= 1 and var rate && Counts.Finished < Counts.Inputs)
            yield return string.Create(CultureInfo.InvariantCulture, $"{rate:N0} URLs/min");
        if (TimeLeft is { } left)
            yield return $"about {Durations.Short(left)} left";
    }
}

/// <summary>Tasks at Nimble that a run waits for.</summary>
/// <param name="Tasks">Their number.</param>
/// <param name="Since">When Nimble accepted the oldest, UTC.</param>
/// <param name="GivenUpAt">When that one ends as <c>task_expired</c>, UTC.</param>
/// <param name="Now">The time, UTC.</param>
/// <param name="Who">Who works on them: Nimble, or the emulator.</param>
internal sealed record NimbleWait(
    long Tasks, DateTimeOffset Since, DateTimeOffset GivenUpAt, DateTimeOffset Now, string Who)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"waiting for {Amount.Of(Tasks, "task")} at {Who}, the oldest for {Durations.Short(Now - Since)}; "
            + $"given up {Durations.Moment(GivenUpAt, Now)}";
}
