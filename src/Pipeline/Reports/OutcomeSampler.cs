using System.Collections.Frozen;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Reports;

/// <summary>
/// The outcomes of the latest inputs of open lists: a sample, because a ledger does not count all by cause.
/// </summary>
/// <param name="Inputs">Number of inputs in the sample, all of them with an outcome.</param>
/// <param name="ByHttpClass">Number of records by class: <c>2xx</c> to <c>5xx</c>, <c>none</c>.</param>
/// <param name="DiscoveredBy">Number of inputs by what reported their results.</param>
/// <param name="Failures">Failures by reason and domain, the most frequent first.</param>
/// <param name="Warning">A problem that the sample shows, for people; null if there is none.</param>
internal sealed record OutcomeSample(
    long Inputs, IReadOnlyDictionary<string, long> ByHttpClass, IReadOnlyDictionary<string, long> DiscoveredBy,
    IReadOnlyList<FailureGroup> Failures, string? Warning)
{
    /// <summary>A sample without inputs.</summary>
    public static OutcomeSample None { get; } = new(
        0, FrozenDictionary<string, long>.Empty, FrozenDictionary<string, long>.Empty, [], null);
}

/// <summary>A group of failures that share reason and domain.</summary>
/// <param name="Reason">One of <see cref="FailureReasons"/>.</param>
/// <param name="Domain">The host of their URLs; empty for lines without one.</param>
/// <param name="Count">Their number.</param>
/// <param name="Url">The URL of one of them.</param>
/// <param name="Message">The message of one of them.</param>
/// <param name="ListId">The list of that one.</param>
/// <param name="IsFree">Whether <c>replay</c> may repair them at no cost.</param>
internal sealed record FailureGroup(
    string Reason, string Domain, long Count, string Url, string Message, string ListId, bool IsFree);

/// <summary>Reads the inputs of the submissions with the latest outcomes.</summary>
internal sealed class OutcomeSampler(ILedger ledger)
{
    /// <summary>Maximum number of submissions whose inputs are read.</summary>
    public const int MaxSubmissions = 10;

    private const int MaxGroups = 50;
    private const int EnoughToJudge = 50;

    /// <summary>Samples the submissions of a closed list; those with failures first.</summary>
    public async Task<OutcomeSample> SampleAsync(
        IReadOnlyList<ManifestSubmission> submissions, CancellationToken cancellationToken)
    {
        var chosen = submissions.Where(s => s.Inputs > 0).OrderByDescending(s => s.Failures > 0).Take(MaxSubmissions);
        return await ReadAsync(chosen.Select(s => s.SubmissionId), expectsWebhooks: false, cancellationToken);
    }

    /// <summary>Samples submissions.</summary>
    public Task<OutcomeSample> SampleAsync(IEnumerable<string> submissions, CancellationToken cancellationToken) =>
        ReadAsync(submissions.Take(MaxSubmissions), expectsWebhooks: false, cancellationToken);

    /// <summary>Samples the live submissions of open lists; those with failures first, then the latest.</summary>
    public async Task<OutcomeSample> SampleAsync(
        IReadOnlyList<OpenList> lists, CancellationToken cancellationToken)
    {
        var chosen = lists.SelectMany(list => list.Live.Live)
            .Where(s => s.Outcomes.Records + s.Outcomes.Failures > 0)
            .OrderByDescending(s => s.Outcomes.Failures > 0)
            .ThenByDescending(s => s.Submission.PostedAt)
            .Take(MaxSubmissions)
            .Select(s => s.Submission)
            .ToList();
        return await ReadAsync(
            chosen.Select(s => s.SubmissionId), chosen.TrueForAll(s => s.HasCallback), cancellationToken);
    }

    private async Task<OutcomeSample> ReadAsync(
        IEnumerable<string> submissions, bool expectsWebhooks, CancellationToken cancellationToken)
    {
        var ended = new List<InputEntry>();
        foreach (var submission in submissions)
            ended.AddRange((await ledger.GetInputsAsync(submission, cancellationToken))
                .Where(input => input.State is InputState.Recorded or InputState.Failed));
        return Describe(ended, expectsWebhooks);
    }

    private static OutcomeSample Describe(IReadOnlyList<InputEntry> ended, bool expectsWebhooks)
    {
        var discovered = Count(ended, input => input.DiscoveredBy.ToString().ToLowerInvariant());
        return new(
            ended.Count,
            Count(ended.Where(input => input.State == InputState.Recorded), input => ClassOf(input.HttpStatus)),
            discovered,
            Group(ended.Where(input => input.State == InputState.Failed)),
            expectsWebhooks ? WarningOf(discovered) : null);
    }

    /// <summary>Groups failed inputs by reason and domain.</summary>
    public static IReadOnlyList<FailureGroup> Group(IEnumerable<InputEntry> failed) =>
    [
        .. failed.GroupBy(input => (Reason: input.Reason ?? FailureReasons.Internal, Domain: DomainOf(input.Url)))
            .OrderByDescending(group => group.Count())
            .Take(MaxGroups)
            .Select(group =>
            {
                var example = FailureText.Read(group.First());
                return new FailureGroup(
                    group.Key.Reason, group.Key.Domain, group.Count(), example.Url, example.Message, example.ListId,
                    FailureRemedies.Of(example).ReplaysFree);
            }),
    ];

    private static string? WarningOf(IReadOnlyDictionary<string, long> discovered)
    {
        var webhooks = discovered.GetValueOrDefault("webhook");
        var others = discovered.GetValueOrDefault("sweep") + discovered.GetValueOrDefault("listing");
        return webhooks + others < EnoughToJudge || others <= webhooks
            ? null
            : $"Webhooks reported only {webhooks} of the last {webhooks + others} results; Sweep found the others. "
                + "Check that Nimble can reach the callback address: pipeline doctor";
    }

    private static IReadOnlyDictionary<string, long> Count(IEnumerable<InputEntry> inputs, Func<InputEntry, string> key)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var input in inputs)
            counts[key(input)] = counts.GetValueOrDefault(key(input)) + 1;
        return counts;
    }

    /// <summary>The class of an HTTP status: <c>2xx</c>; <c>none</c> without one.</summary>
    public static string ClassOf(int? status) => status is { } code ? $"{code / 100}xx" : "none";

    /// <summary>The host of a URL; empty without one.</summary>
    public static string DomainOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) ? address.IdnHost : "";
}
