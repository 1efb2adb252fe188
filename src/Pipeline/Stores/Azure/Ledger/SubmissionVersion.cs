using System.Globalization;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// The parts of a submission's version: the ETag to compare, and the submission's row in the due index, which an update
/// must keep or replace.
/// </summary>
/// <param name="ETag">ETag of the submission's row.</param>
/// <param name="DueRow">Key of its row in the due index; null if it is not due.</param>
/// <param name="DueAt">Time of its row in the due index.</param>
internal readonly record struct SubmissionVersion(string ETag, string? DueRow, DateTimeOffset? DueAt)
{
    public static SubmissionVersion? Parse(string text) => text.Split(' ') switch
    {
        [{ Length: > 0 } etag] => new(etag, null, null),
        [var etag, var row, var ticks] =>
            new(etag, row, new(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero)),
        _ => null,
    };

    public override string ToString() =>
        DueRow is null ? ETag : string.Create(CultureInfo.InvariantCulture, $"{ETag} {DueRow} {DueAt?.UtcTicks}");
}
