using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports;

/// <summary>The progress of an open list. Its four parts and the inputs not counted add up to its inputs.</summary>
internal sealed record ListProgress
{
    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>Where it was read from.</summary>
    public string? Source { get; init; }

    /// <summary><c>planning</c>, <c>open</c>, <c>paused</c> or <c>cancelling</c>.</summary>
    public required string State { get; init; }

    /// <summary>Number of inputs planned so far.</summary>
    public required long Inputs { get; init; }

    /// <summary>Number of inputs with a record.</summary>
    public required long Records { get; init; }

    /// <summary>Number of inputs with a failure.</summary>
    public required long Failures { get; init; }

    /// <summary>Number of inputs that were posted and have no outcome yet.</summary>
    public required long UnderWay { get; init; }

    /// <summary>Number of inputs that wait to be posted.</summary>
    public required long Waiting { get; init; }

    /// <summary>
    /// Number of inputs whose state was not read, because their list has too many submissions; the other counts are
    /// then lower bounds. Only over a storage account.
    /// </summary>
    public required long NotCounted { get; init; }

    /// <summary>Number of inputs that Nimble accepted, each once.</summary>
    public required long Posted { get; init; }

    /// <summary>Number of times that Nimble accepted one of them again.</summary>
    public required long Resubmitted { get; init; }

    /// <summary>Recent number of outcomes a minute; null while unknown.</summary>
    public double? PerMinute { get; init; }

    /// <summary>Time left at that rate; null while unknown.</summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>When it was accepted, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was paused or cancelled, UTC; null if it is neither.</summary>
    public DateTimeOffset? SteeredAt { get; init; }

    /// <summary>The URL of the input that has been in progress longest; null if none is.</summary>
    public string? OldestUrl { get; init; }

    /// <summary>When that input was posted, UTC.</summary>
    public DateTimeOffset? OldestSince { get; init; }

    /// <summary>Causes for which work is postponed, those with the most inputs first.</summary>
    public required IReadOnlyList<WaitReport> Waits { get; init; }

    /// <summary>Share of inputs with an outcome, 0 to 100, rounded down: 100 means all.</summary>
    public int Percent => Inputs == 0 ? 0 : (int)((Records + Failures) * 100 / Inputs);

    /// <summary>The state of a list in one word.</summary>
    public static string WordOf(ListEntry list) => list switch
    {
        { State: ListState.Closed, Steering: ListSteering.Cancelled } => "cancelled",
        { State: ListState.Planning or ListState.Open, Steering: ListSteering.Paused } => "paused",
        { State: ListState.Planning or ListState.Open, Steering: ListSteering.Cancelled } => "cancelling",
        _ => list.State.ToString().ToLowerInvariant(),
    };
}

/// <summary>An open list with everything that its reports need.</summary>
/// <param name="Progress">How far it is.</param>
/// <param name="Live">Its submissions.</param>
internal sealed record OpenList(ListProgress Progress, LiveList Live);
