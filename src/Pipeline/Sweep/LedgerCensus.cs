using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Sweep;

/// <summary>
/// Counts open lists with their submissions and inputs. On Azure that takes one request per thousand submissions and
/// one per submission in progress, so both numbers are limited.
/// </summary>
internal sealed class LedgerCensus(ILedger ledger)
{
    /// <summary>Number of lists whose submissions are read.</summary>
    internal const int MaxLists = 500;

    /// <summary>Number of submissions to read. The list that reaches it is read to its end.</summary>
    internal const int MaxSubmissions = 20_000;

    /// <summary>
    /// Number of submissions whose outcomes are counted; the others count with the values in their row.
    /// </summary>
    internal const int MaxCounted = 250;

    private readonly Dictionary<string, long> _lists = Zeros("planning", "open", "paused", "cancelled");
    private readonly Dictionary<string, long> _submissions = Zeros(States);
    private readonly Dictionary<string, long> _inputs = Zeros([.. States, "recorded", "failed"]);
    private int _read;
    private int _counted;

    public IReadOnlyDictionary<string, long> Lists => _lists;

    public IReadOnlyDictionary<string, long> Submissions => _submissions;

    /// <summary>
    /// Inputs with an outcome as <c>recorded</c> or <c>failed</c>, the others by the state of their submission.
    /// </summary>
    public IReadOnlyDictionary<string, long> Inputs => _inputs;

    /// <summary>Number of lists beyond the limits, which are only among <see cref="Lists"/>.</summary>
    public long Skipped { get; private set; }

    /// <summary>When the oldest list with a waiting input was accepted, UTC; null if no input waits.</summary>
    public DateTimeOffset? OldestSince { get; private set; }

    /// <summary>When the oldest submission of unknown acceptance was posted, UTC; null if there is none.</summary>
    public DateTimeOffset? UnknownSince { get; private set; }

    private static string[] States => [.. Enum.GetNames<SubmissionState>().Select(name => name.ToLowerInvariant())];

    /// <summary>Counts a list.</summary>
    public async Task AddAsync(ListEntry list, CancellationToken cancellationToken)
    {
        _lists[StateOf(list)]++;
        if (_lists.Values.Sum() > MaxLists || _read >= MaxSubmissions)
        {
            Skipped++;
            return;
        }

        await foreach (var submission in ledger.GetSubmissionsAsync(list.ListId, cancellationToken))
            await AddAsync(list, submission, cancellationToken);
    }

    private async Task AddAsync(ListEntry list, SubmissionEntry submission, CancellationToken cancellationToken)
    {
        _read++;
        var state = submission.State.ToString().ToLowerInvariant();
        _submissions[state]++;
        if (submission is { State: SubmissionState.Unknown, PostedAt: { } posted } && !(UnknownSince <= posted))
            UnknownSince = posted;
        var (waiting, records, failures) = await CountAsync(submission, cancellationToken);
        _inputs[state] += waiting;
        _inputs["recorded"] += records;
        _inputs["failed"] += failures;
        if (waiting > 0 && !(OldestSince <= list.CreatedAt))
            OldestSince = list.CreatedAt;
    }

    private async Task<OutcomeCounts> CountAsync(SubmissionEntry submission, CancellationToken cancellationToken) =>
        submission.State switch
        {
            SubmissionState.Closed => new(0, submission.Records, submission.Failures),
            SubmissionState.Accepted or SubmissionState.Refused when _counted++ < MaxCounted =>
                await ledger.CountOutcomesAsync(submission.SubmissionId, cancellationToken),
            _ => new(
                submission.Count - submission.Records - submission.Failures, submission.Records, submission.Failures),
        };

    private static string StateOf(ListEntry list) => list switch
    {
        { State: ListState.Planning } => "planning",
        { Steering: ListSteering.Paused } => "paused",
        { Steering: ListSteering.Cancelled } => "cancelled",
        _ => "open",
    };

    private static Dictionary<string, long> Zeros(params IEnumerable<string> states) =>
        states.ToDictionary(state => state, _ => 0L, StringComparer.Ordinal);
}
