using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>A record as its store has it.</summary>
/// <param name="Id">The record's id.</param>
/// <param name="Place">Where it is; null where records of this store are not announced one by one.</param>
/// <param name="HttpStatus">The page's HTTP status; null if the result has none.</param>
/// <param name="ContentDigest">The record's <c>content_digest</c>; null if the store does not know it.</param>
public sealed record StoredRecord(
    string Id, RecordPlace? Place, int? HttpStatus = null, string? ContentDigest = null);
