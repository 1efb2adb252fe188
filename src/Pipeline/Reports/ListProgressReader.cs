using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports;

/// <summary>Reads the progress of open lists, from sums that the ledger keeps.</summary>
internal sealed class ListProgressReader(
    IListCatalog catalog, ILedger ledger, ProgressRates rates, TimeProvider time)
{
    // Finding the oldest open URL reads the inputs of one submission.
    private const int MaxOldest = 10;

    /// <summary>Reads the progress of lists that are not closed, in their order.</summary>
    public async Task<IReadOnlyList<OpenList>> ReadAsync(
        IReadOnlyList<ListEntry> lists, CancellationToken cancellationToken)
    {
        var live = await catalog.GetLiveAsync([.. lists.Select(list => list.ListId)], cancellationToken);
        var read = lists.Select((list, i) => new OpenList(Describe(list, live[i]), live[i])).ToList();
        for (var i = 0; i < Math.Min(read.Count, MaxOldest); i++)
            read[i] = read[i] with { Progress = await WithOldestAsync(read[i], cancellationToken) };
        return read;
    }

    private ListProgress Describe(ListEntry list, LiveList live)
    {
        var waits = new WaitReports(time.GetUtcNow());
        waits.Add(list);
        var counts = live.Counts;
        long underWay = 0, waiting = 0;
        foreach (var (submission, outcomes) in live.Live)
        {
            waits.Add(submission, outcomes.Waiting);
            if (submission.State is SubmissionState.Planned or SubmissionState.Refused)
                waiting += outcomes.Waiting;
            else
                underWay += outcomes.Waiting;
        }

        var inputs = list.State == ListState.Planning ? counts.Inputs : list.Inputs;
        var rate = live.IsWhole ? rates.Measure(list.ListId, counts.Finished, list.CreatedAt) : null;
        return new()
        {
            ListId = list.ListId,
            Source = list.Source,
            State = ListProgress.WordOf(list),
            Inputs = inputs,
            Records = counts.Records,
            Failures = counts.Failures,
            UnderWay = underWay,
            Waiting = waiting,
            NotCounted = live.IsWhole ? 0 : Math.Max(0, inputs - counts.Finished - underWay - waiting),
            // A revision reads what another list posted.
            Posted = list.RevisionOf is null ? counts.Posted : 0,
            Resubmitted = list.RevisionOf is null ? counts.Resubmitted : 0,
            PerMinute = rate,
            TimeLeft = TimeLeft(list, inputs - counts.Finished, rate),
            CreatedAt = list.CreatedAt,
            SteeredAt = list.Steering == ListSteering.None ? null : list.SteeredAt,
            Waits = waits.All,
        };
    }

    private static TimeSpan? TimeLeft(ListEntry list, long left, double? perMinute) =>
        left > 0 && perMinute is { } rate && list is { State: ListState.Open, Steering: not ListSteering.Paused }
            && left / rate < TimeSpan.FromDays(365).TotalMinutes
            ? TimeSpan.FromMinutes(left / rate)
            : null;

    private async Task<ListProgress> WithOldestAsync(OpenList list, CancellationToken cancellationToken)
    {
        var oldest = list.Live.Live
            .Where(s => s.Outcomes.Waiting > 0 && s.Submission.PostedAt is not null
                && s.Submission.State is not (SubmissionState.Planned or SubmissionState.Refused))
            .OrderBy(s => s.Submission.PostedAt)
            .Select(s => s.Submission)
            .FirstOrDefault();
        if (oldest is null)
            return list.Progress;
        var inputs = await ledger.GetInputsAsync(oldest.SubmissionId, cancellationToken);
        return list.Progress with
        {
            OldestUrl = inputs.FirstOrDefault(input => input.State == InputState.Waiting)?.Url,
            OldestSince = oldest.PostedAt,
        };
    }
}
