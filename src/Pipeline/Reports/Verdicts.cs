using System.Globalization;
using Pipeline.Model;
using Pipeline.Ports.Reading;
using Pipeline.Reports.Notices;
using Pipeline.Submit;

namespace Pipeline.Reports;

/// <summary>Says in one sentence whether all is well, and what to do if it is not.</summary>
internal sealed class Verdicts(
    IStoreProblem health, SubmissionGate gate, RestoreNotice restores, UndeliveredNotice undelivered)
{
    /// <summary>The reason while this process cannot write to its own store.</summary>
    public const string Disk = "disk";

    /// <summary>The reason while the ledger is being restored.</summary>
    public const string RestoreUnfinished = "restore_unfinished";

    /// <summary>
    /// What to do, by the reason of the verdict. docs/runbook.md has an entry for each of these reasons.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> Actions = new Dictionary<string, string>(
        StringComparer.Ordinal)
    {
        [Disk] = "Free some space, or correct what the message names. The work then continues by itself.",
        ["nimble_budget"] = "Top up the Nimble account, or: pipeline cancel LIST_ID",
        ["daily_budget"] = "Raise Guards:MaxUrlsPerDay or Guards:MaxCostPerDay, or wait for the next day (UTC).",
        ["api_key"] = "Set a valid NIMBLE_API_KEY, then restart. Check it with: pipeline doctor",
        ["deliveries"] = "Let this account read the results bucket. Check it with: pipeline doctor",
        ["canary"] = "Look at the first results: pipeline failures",
        ["paused"] = "Continue with: pipeline resume LIST_ID",
        [WaitReports.LedgerRestored] =
            "Nothing needs to be done. Only if nothing was posted after the backup: pipeline restore --done",
        [RestoreUnfinished] = "If it was interrupted, run the same 'pipeline restore' again.",
        [WaitReports.SweepOverdue] = "Start a host: pipeline serve",
        [FailureReasons.BudgetExhausted] = "Top up the Nimble account, or: pipeline cancel LIST_ID",
        [FailureReasons.AccessDenied] = "Check keys and permissions with: pipeline doctor",
        [FailureReasons.Unavailable] = "Wait. If it lasts, look at the service's status and at: pipeline doctor",
        [FailureReasons.SubmissionUnknown] = "Wait: bucket and API are searched. See: pipeline status",
    };

    // Causes with which everything waits until a person acts.
    private static readonly HashSet<string> NeedsPerson =
        new(StringComparer.Ordinal) { "api_key", "deliveries", FailureReasons.AccessDenied };

    /// <summary>Derives the verdict from the progress of the open lists.</summary>
    public async Task<VerdictReport> JudgeAsync(
        IReadOnlyList<ListProgress> open, bool hasMore, CancellationToken cancellationToken)
    {
        var restore = await restores.FindAsync(cancellationToken);
        var verdict = await FindFaultAsync(open, restore, cancellationToken) ?? OfLists(open, hasMore, restore);
        var saysRestore = verdict.Reason is WaitReports.LedgerRestored or RestoreUnfinished;
        string?[] notes = [saysRestore ? null : restore?.Text, await undelivered.ReadAsync(cancellationToken)];
        return verdict with { Note = string.Join(' ', notes.OfType<string>()) is { Length: > 0 } note ? note : null };
    }

    /// <summary>Finds what holds up every list.</summary>
    private async Task<VerdictReport?> FindFaultAsync(
        IReadOnlyList<ListProgress> open, RestoreReport? restore, CancellationToken cancellationToken)
    {
        if (health.Problem is { } problem)
            return new(VerdictLevel.Stuck, Disk, $"Stuck: {problem}", null, null, Actions[Disk]);
        if (restore is { IsUnfinished: true })
            return OfWait(RestoreUnfinished, restore.Text, null, null);
        if (await gate.FindAsync(cancellationToken) is not { Hold: not HoldReason.None } pause)
            return null;
        // The gate knows only the next attempt. The submissions that it holds know since when.
        var reason = WordOf(pause.Hold);
        var since = open.SelectMany(list => list.Waits).Where(wait => wait.Reason == reason).Min(wait => wait.Since);
        return OfWait(reason, pause.Reason, since, pause.Until);
    }

    private static VerdictReport OfLists(IReadOnlyList<ListProgress> open, bool hasMore, RestoreReport? restore)
    {
        if (open.Count == 0)
            return new(VerdictLevel.Idle, null, "All is well. No list is open.", null, null, "pipeline submit LIST");
        var waits = open.SelectMany(list => list.Waits)
            .Where(wait => wait.For != "look" || wait.Reason == WaitReports.SweepOverdue).ToList();
        var worst = waits.OrderByDescending(wait => NeedsPerson.Contains(wait.Reason))
            .ThenByDescending(wait => wait.Inputs).FirstOrDefault();
        if (worst is not null && (restore is null || worst.Reason != WaitReports.LedgerRestored))
            return OfWait(worst.Reason, worst.Message, worst.Since, worst.Until);
        if (open.All(list => list.State == "paused") && !hasMore)
            return new(
                VerdictLevel.Waiting, "paused",
                open.Count == 1 ? "The open list is paused." : $"All {open.Count} open lists are paused.",
                open.Min(list => list.SteeredAt), null, Actions["paused"]);
        return restore is not null && (worst is not null || open.Any(list => list.Waiting > 0))
            ? OfWait(WaitReports.LedgerRestored, restore.Text, null, worst?.Until ?? restore.FirstLookAt)
            : new(VerdictLevel.Well, null, Progress(open, hasMore), null, null, null);
    }

    private static VerdictReport OfWait(string reason, string message, DateTimeOffset? since, DateTimeOffset? until)
    {
        var needsPerson = NeedsPerson.Contains(reason);
        // The message comes last: it may end with a command, and what follows would seem to be part of that.
        var text = (needsPerson ? "Stuck" : "Waiting")
            + (since is { } start ? Text($" since {start.UtcDateTime:yyyy-MM-dd HH:mm} UTC") : "")
            + (until is { } next ? Text($", next attempt {next.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC") : "")
            + $": {message.Trim()}";
        return new(
            needsPerson ? VerdictLevel.Stuck : VerdictLevel.Waiting, reason, text, since, until,
            Actions.GetValueOrDefault(reason, "It continues by itself. To see what waits: pipeline status"));
    }

    private static string Progress(IReadOnlyList<ListProgress> open, bool hasMore)
    {
        var lists = hasMore ? $"More than {open.Count} lists are" : Amount.Of(open.Count, "list is", "lists are");
        var done = open.Sum(list => list.Records + list.Failures);
        var left = open.Max(list => list.TimeLeft) is { } time ? $", about {Describe(time)} left" : "";
        return Text($"All is well. {lists} open, {done:N0} of {open.Sum(list => list.Inputs):N0} URLs done{left}.");
    }

    /// <summary>A duration for people, such as <c>14 min</c>.</summary>
    public static string Describe(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => "1 min",
        { TotalHours: < 2 } => Text($"{Math.Ceiling(time.TotalMinutes):0} min"),
        { TotalDays: < 2 } => Text($"{time.TotalHours:0.#} h"),
        _ => Text($"{time.TotalDays:0.#} days"),
    };

    private static string WordOf(HoldReason hold) =>
        System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(hold.ToString());

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
