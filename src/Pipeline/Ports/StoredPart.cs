namespace Pipeline.Ports;

/// <summary>Records of one part that count, for announcers.</summary>
/// <param name="ListId">The list.</param>
/// <param name="SubmissionId">The submission.</param>
/// <param name="Address">
/// The address of the part. Its query may contain a signature, which must not be announced.
/// </param>
/// <param name="Records">The records, in the order of their offsets.</param>
public sealed record StoredPart(
    string ListId, string SubmissionId, Uri Address, IReadOnlyList<AnnouncedRecord> Records)
{
    /// <summary>The address of the part, without query.</summary>
    public string Uri => Address.GetLeftPart(UriPartial.Path);
}

/// <summary>One record of a <see cref="StoredPart"/>.</summary>
/// <param name="Id">The record's id.</param>
/// <param name="Url">The URL as written in the list; null where the announcement cannot hold it.</param>
/// <param name="HttpStatus">The page's HTTP status; null if the result has none.</param>
/// <param name="Offset">Offset of the record's gzip member in the part, bytes.</param>
/// <param name="Length">Length of the member, compressed, bytes.</param>
/// <param name="ContentDigest">The record's <c>content_digest</c>; null if it is not known.</param>
/// <param name="Change">
/// How it compares with the last run of its series: <c>new</c>, <c>same</c> or <c>changed</c>; null without a series.
/// </param>
public sealed record AnnouncedRecord(
    string Id, string? Url, int? HttpStatus, long Offset, long Length, string? ContentDigest,
    string? Change = null);
