using System.Globalization;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>What a submission's version tells: the ETag to compare, and the due row that the submission has, which an update must keep or replace.</summary>
/// <param name="ETag">The row's.</param>
/// <param name="DueRow">The key of its due row; null when it is not due.</param>
/// <param name="DueAt">The time of its due row.</param>
internal readonly record struct SubmissionVersion(string ETag, string? DueRow, DateTimeOffset? DueAt)
{
    public static SubmissionVersion? Parse(string text) => text.Split(' ') switch
    {
        [{ Length: > 0 } etag] => new(etag, null, null),
        [var etag, var row, var ticks] => new(etag, row, new(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero)),
        _ => null,
    };

    public override string ToString() => DueRow is null ? ETag : string.Create(CultureInfo.InvariantCulture, $"{ETag} {DueRow} {DueAt?.UtcTicks}");
}
