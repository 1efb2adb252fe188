using System.Reflection;
using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports;

/// <summary>
/// Reports the state of everything. The constants here bound what it reads, whatever the number of lists. A report that
/// took long to read is reused, so page views never take more than a tenth of the time.
/// </summary>
internal sealed class OverviewReporter(
    IListCatalog catalog,
    ListProgressReader progress,
    OutcomeSampler sampler,
    OverviewParts parts,
    Verdicts verdicts,
    IOptions<PipelineOptions> options,
    TimeProvider time)
{
    /// <summary>Maximum number of open lists in a report.</summary>
    public const int MaxLists = 1000;

    /// <summary>Maximum number of rows in the other tables of a report.</summary>
    public const int MaxRows = 20;

    private readonly PacedReads<Overview> _reads = new(time);

    /// <summary>Where the results come from.</summary>
    public SourceReport Source { get; } = new(
        options.Value.Nimble.Name,
        options.Value.Nimble.IsEmulator,
        // The program's own version, as '--version' prints it.
        (Assembly.GetEntryAssembly() ?? typeof(OverviewReporter).Assembly)
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
        Environment.MachineName);

    /// <summary>Reports the state of everything.</summary>
    public Task<Overview> ReportAsync(CancellationToken cancellationToken) =>
        _reads.GetAsync("", ReadAsync, cancellationToken);

    private async Task<Overview> ReadAsync()
    {
        var stop = CancellationToken.None;
        var found = await catalog.GetOpenPageAsync("", MaxLists + 1, stop);
        var hasMore = found.Count > MaxLists;
        var lists = await progress.ReadAsync([.. found.Take(MaxLists)], stop);
        IReadOnlyList<ListProgress> open = [.. lists.Select(list => list.Progress)];
        var closed = await parts.Finished.ReadPageAsync(null, FinishedLists.MaxOfDay + 1, stop);
        return new()
        {
            At = time.GetUtcNow(),
            Source = Source,
            Verdict = await verdicts.JudgeAsync(open, hasMore, stop),
            Lists = open,
            HasMore = hasMore,
            Flow = Flow(found, lists),
            Outcomes = await sampler.SampleAsync(lists, stop),
            Day = await parts.Finished.SumAsync(closed, stop),
            Unknown = [.. lists.SelectMany(Unknown).OrderBy(s => s.PostedAt).Take(MaxRows)],
            Money = await parts.Money.ReportAsync(open, stop),
            Events = await parts.Activity.GetEventsAsync(MaxRows, stop),
            Finished = [.. closed.Take(MaxRows)],
            RefusedLists = await parts.Activity.GetRefusedAsync(MaxRows, stop),
            DeadLetters = await parts.Activity.GetDeadLettersAsync(MaxRows, stop),
        };
    }

    private static IReadOnlyList<FlowStage> Flow(IReadOnlyList<ListEntry> found, IReadOnlyList<OpenList> lists)
    {
        var live = lists.SelectMany((list, i) => list.Live.Live.Select(s => (s.Submission, s.Outcomes, List: found[i])))
            .Where(s => s.Outcomes.Waiting > 0)
            .ToList();
        var planning = found.Where(list => list.State == ListState.Planning).ToList();
        var closing = lists.Where(list => list.Live is { IsWhole: true, Live.Count: 0 }
            && list.Progress is { State: not "planning", Inputs: > 0 }).ToList();
        return
        [
            new("intake", planning.Count, planning.Min(list => (DateTimeOffset?)list.CreatedAt)),
            Stage("submit", s => s.State is SubmissionState.Planned or SubmissionState.Refused),
            Stage("nimble", s => s.State is SubmissionState.Posting or SubmissionState.Unknown
                || s is { State: SubmissionState.Accepted, CompletedAt: null }),
            Stage("collect", s => s is { State: SubmissionState.Accepted, CompletedAt: not null }),
            new("closing", closing.Count, closing.Min(list => (DateTimeOffset?)list.Progress.CreatedAt)),
        ];

        FlowStage Stage(string name, Func<SubmissionEntry, bool> isThere)
        {
            var there = live.Where(s => isThere(s.Submission)).ToList();
            return new(
                name, there.Sum(s => (long)s.Outcomes.Waiting),
                there.Min(s => s.Submission.CompletedAt ?? s.Submission.PostedAt ?? (DateTimeOffset?)s.List.CreatedAt));
        }
    }

    private IEnumerable<UnknownSubmission> Unknown(OpenList list) =>
        list.Live.Live.Select(s => s.Submission)
            .Where(s => s.State == SubmissionState.Unknown)
            .Select(s => new UnknownSubmission(
                s.SubmissionId, s.ListId, s.Count, s.PostedAt, s.PollCount, s.FirstCallbackAt, s.DueAt,
                s.PostedAt + options.Value.Sweep.EvidenceWindow, s.Message));
}

/// <summary>The parts of an overview that do not depend on open lists alone.</summary>
/// <param name="Money">Budgets and costs.</param>
/// <param name="Activity">Events, refused lists and dead letters.</param>
/// <param name="Finished">Closed lists.</param>
internal sealed record OverviewParts(MoneyReporter Money, ActivityReader Activity, FinishedLists Finished);
