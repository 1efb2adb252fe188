using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>
/// Adds the records of a submission to its series before the submission closes. All data comes from the ledger's
/// inputs, so a repeat after a crash writes the same, and 1,000 records cost about ten writes.
/// </summary>
internal sealed class SeriesRecorder(ILedger ledger)
{
    private const int MaxWrites = 500;

    /// <summary>Stores the records among the inputs; does nothing for a list without a series.</summary>
    public async Task RecordAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var recorded = inputs.Where(i => i is { State: InputState.Recorded, Series.Current: not null }).ToList();
        if (recorded.Count == 0
            || await ledger.GetListAsync(submission.ListId, cancellationToken) is not { Series: { } name } list)
            return;
        foreach (var some in recorded.Chunk(MaxWrites))
        {
            await ledger.PutSeriesAsync(name, [.. some.Select(i => ToEntry(list, i))], cancellationToken);
            CrashPoint.Pass("sweep.within-series");
        }
        CrashPoint.Pass("sweep.after-series");
    }

    private static SeriesEntry ToEntry(ListEntry list, InputEntry input) => new()
    {
        Key = input.Series!.Key,
        Outcome = input.Series.Current!,
        RecordId = input.Id,
        ListId = list.ListId,
        RunAt = list.CreatedAt,
        RecordedAt = input.FinishedAt!.Value,
        Version = input.Series.PreviousVersion ?? "",
    };
}
