using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Stores.Local;
using Pipeline.Submit.Evidence;

namespace Pipeline.Intake;

/// <summary>What a run would do with the inputs of a list. The numbers add up to the list's items.</summary>
/// <param name="Posted">Number of inputs that would be posted, retries not counted.</param>
/// <param name="Bad">Number of lines that are no input.</param>
/// <param name="Refused">Number of URLs that are not submitted: a refused domain, or a private address.</param>
/// <param name="Duplicates">Number of duplicates, which are dropped.</param>
/// <param name="LeftOut">Number of inputs that are left out, because the series has a record of them.</param>
/// <param name="OverBudget">Number of inputs that the list's budget does not allow.</param>
/// <param name="Known">Number of inputs that the series has a record of, left out or not.</param>
/// <param name="Batches">Number of batches, that is, of POSTs.</param>
internal sealed record ListForecast(
    long Posted, long Bad, long Refused, long Duplicates, long LeftOut, long OverBudget, long Known, int Batches)
{
    /// <summary>The inputs that are not posted, by cause, for people.</summary>
    public IEnumerable<(string What, long Count)> Rest =>
    [
        ("dropped as duplicates", Duplicates), (Bad == 1 ? "bad line" : "bad lines", Bad),
        ("refused as private addresses, or by a refused domain", Refused),
        ("left out, already in the series", LeftOut), ("over the budget of the list", OverBudget),
    ];

    /// <summary>Plans a list without storing anything.</summary>
    /// <param name="source">The list.</param>
    /// <param name="list">Its inspection.</param>
    /// <param name="series">The ledger of its series; null if there is none yet.</param>
    /// <param name="options">Limits and guards.</param>
    /// <param name="now">The time of the run.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<ListForecast> MakeAsync(
        ListSource source, ListInspection list, ISeriesLedger? series, PipelineOptions options, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        using var planner = new SubmissionPlanner(list, now, options);
        using var known = new SeriesScratch();
        if (list.Series is { } request && series is not null)
            await foreach (var entry in series.GetSeriesAsync(request.Name, cancellationToken))
                known.Add(entry);
        var plan = new Plan(planner, list, known, now);
        await using var reader = await ListReader.OpenAsync(
            source with { Form = list.Form }, options.Intake, cancellationToken);
        await foreach (var item in reader.ReadAsync(cancellationToken))
            plan.Add(item);
        plan.Finish();
        return plan.Describe(BudgetGuard.ListLimitOf(options) ?? long.MaxValue);
    }

    /// <summary>Counts what a planner cuts.</summary>
    private sealed class Plan(SubmissionPlanner planner, ListInspection list, SeriesScratch series, DateTimeOffset now)
    {
        private long _posted;
        private long _known;
        private int _batches;

        public void Add(in ListItem item)
        {
            Count(planner.Add(item));
            if (planner.HasBlock)
                Decide();
        }

        public void Finish()
        {
            Decide();
            foreach (var submission in planner.Finish())
                Count(submission);
        }

        public ListForecast Describe(long budget) => new(
            Math.Min(_posted, budget), planner.Invalid, planner.Inputs - planner.Invalid - _posted, planner.Duplicates,
            planner.LeftOut, Math.Max(0, _posted - budget), _known, _batches);

        private void Decide()
        {
            var decisions = planner.Undecided.Select(key => series.Find(key)).Select(entry => new SeriesDecision(
                entry is not null && list.Series!.LeavesOut(entry.RecordedAt, now), entry)).ToList();
            _known += decisions.Count(decision => decision.Known is not null);
            foreach (var submission in planner.Decide(decisions))
                Count(submission);
        }

        private void Count(PlannedSubmission? submission)
        {
            if (submission is not { Entry.State: SubmissionState.Planned })
                return;
            _posted += submission.Inputs.Count;
            _batches++;
        }
    }
}
