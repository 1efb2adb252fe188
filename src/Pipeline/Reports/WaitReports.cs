using System.Globalization;
using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Reports;

/// <summary>Collects what the submissions of a list wait for, one entry per cause.</summary>
/// <param name="now">The current time.</param>
internal sealed class WaitReports(DateTimeOffset now)
{
    /// <summary>Maximum number of causes reported.</summary>
    public const int Max = 20;

    /// <summary>The reason of a wait for a check that Sweep should have made long ago.</summary>
    public const string SweepOverdue = "sweep_overdue";

    /// <summary>The reason of submissions that are looked for after a restore, before they are posted.</summary>
    public const string LedgerRestored = "ledger_restored";

    // A postponed message may arrive a little after its time.
    private static readonly TimeSpan ResultGrace = TimeSpan.FromMinutes(2);

    // Sweep runs at least once a minute, and a pass over a large account takes some minutes.
    private static readonly TimeSpan SweepGrace = TimeSpan.FromMinutes(15);

    private readonly Dictionary<(string For, string Reason), WaitReport> _waits = [];

    /// <summary>The causes, those with the most waiting inputs first.</summary>
    public IReadOnlyList<WaitReport> All => [.. _waits.Values.OrderByDescending(wait => wait.Inputs).Take(Max)];

    /// <summary>Adds what keeps a list from being closed.</summary>
    public void Add(ListEntry list)
    {
        if (list is { State: not ListState.Closed, Setback: { } setback })
            Add("manifest", setback, submissions: 0, inputs: 0);
    }

    /// <summary>Adds what a submission waits for.</summary>
    public void Add(SubmissionEntry submission, long inputs)
    {
        if (submission.State == SubmissionState.Closed)
            return;
        if (submission.ResultSetback is { } results && results.Until + ResultGrace > now && inputs > 0)
            Add("results", results, 1, inputs);
        if (Describe(submission) is { } wait)
            Add(wait with { Submissions = 1, Inputs = inputs });
        if (submission.DueAt is { } due && due > DateTimeOffset.UnixEpoch && now - due > SweepGrace)
            Add(new WaitReport(
                "look", SweepOverdue,
                "Sweep is overdue: no host is running, or more is due than it can check. "
                    + "To start one: pipeline serve", 1, inputs, due, null));
    }

    private static WaitReport? Describe(SubmissionEntry submission) => submission switch
    {
        { State: SubmissionState.Planned, Hold: HoldReason.Canary } => new("post", Word(HoldReason.Canary),
            $"The list's first inputs, submission {submission.WaitsFor}, must succeed first.", 0, 0,
            submission.HeldSince, null),
        { State: SubmissionState.Planned, Hold: HoldReason.Paused } => new("post", Word(HoldReason.Paused),
            $"The list is paused. Continue with: pipeline resume {submission.ListId}", 0, 0,
            submission.HeldSince, null),
        { State: SubmissionState.Planned, Hold: not HoldReason.None } => new("post", Word(submission.Hold),
            submission.Setback?.Message ?? "Submission is paused.", 0, 0, submission.HeldSince,
            submission.Setback?.Until),
        { State: SubmissionState.Planned, Setback: { } setback } => From("post", setback),
        { State: SubmissionState.Unknown or SubmissionState.Posting, Setback: { } setback } =>
            From("evidence", setback),
        { State: SubmissionState.Unknown, LostSince: { } since } => new(
            "post", LedgerRestored,
            "The ledger was restored from a backup of "
                + since.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
                + " UTC. Nimble is searched for what was posted since, before anything is posted. To post without "
                + "searching: pipeline restore --done",
            0, 0, submission.LostUntil, submission.DueAt),
        { State: SubmissionState.Unknown } => new("evidence", FailureReasons.SubmissionUnknown,
            ("No answer to the POST says whether Nimble accepted it; bucket and API are searched for evidence. "
                + submission.Message).TrimEnd(),
            0, 0, submission.PostedAt, submission.DueAt),
        { Setback: { } setback } => From("look", setback),
        _ => null,
    };

    private static WaitReport From(string waits, Setback setback) =>
        new(waits, setback.Reason, setback.Message, 0, 0, setback.Since, setback.Until);

    private static string Word(HoldReason hold) => JsonNamingPolicy.SnakeCaseLower.ConvertName(hold.ToString());

    private void Add(string waits, Setback setback, int submissions, long inputs) =>
        Add(From(waits, setback) with { Submissions = submissions, Inputs = inputs });

    private void Add(WaitReport wait)
    {
        var key = (wait.For, wait.Reason);
        _waits[key] = !_waits.TryGetValue(key, out var same) ? wait : same with
        {
            Submissions = same.Submissions + wait.Submissions,
            Inputs = same.Inputs + wait.Inputs,
            Since = Earlier(same.Since, wait.Since),
            Until = Earlier(same.Until, wait.Until),
        };
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a < b || b is null ? a : b;
}
