using System.Collections.Frozen;
using Pipeline.Model;

namespace Pipeline.Stores;

/// <summary>What an error of a store means for the work that met it.</summary>
internal enum StoreVerdict
{
    /// <summary>It passes within seconds: the request is sent again.</summary>
    Passes,

    /// <summary>The store refuses these credentials or this bucket: results wait, since somebody may mend it.</summary>
    Refused,

    /// <summary>It concerns this one object and no other: its result is read elsewhere, or fails.</summary>
    ThisObject,
}

/// <summary>
/// Says of each error of one store what it means. Our own reads and the SDK's calls share it. What it does not name is
/// judged by its status: 408, 429 and 5xx pass, all others are refusals.
/// </summary>
internal sealed class StoreErrorTable(params (StoreVerdict Verdict, string[] Codes)[] rows)
{
    private readonly FrozenDictionary<string, StoreVerdict> _verdicts =
        rows.SelectMany(row => row.Codes, (row, code) => KeyValuePair.Create(code, row.Verdict)).ToFrozenDictionary();

    public StoreVerdict VerdictOf(int status, string? code) =>
        code is not null && _verdicts.TryGetValue(code, out var verdict) ? verdict
        : status is 408 or 429 or >= 500 ? StoreVerdict.Passes
        : StoreVerdict.Refused;

    /// <summary>The pipeline's exception for a verdict.</summary>
    /// <param name="verdict">What the error means.</param>
    /// <param name="said">What the store said, a sentence.</param>
    /// <param name="advice">What to do; empty where that is to wait.</param>
    /// <param name="retryAfter">How long the store asks to wait.</param>
    /// <param name="inner">What the SDK threw.</param>
    public static PipelineException ToException(
        StoreVerdict verdict, string said, string advice, TimeSpan? retryAfter = null, Exception? inner = null)
    {
        var message = $"{said} {advice}".TrimEnd();
        return verdict switch
        {
            StoreVerdict.Passes => PipelineException.Transient(FailureReasons.Unavailable, message, retryAfter, inner),
            StoreVerdict.ThisObject => PipelineException.Permanent(FailureReasons.ObjectMissing, message, inner),
            _ => PipelineException.Permanent(FailureReasons.AccessDenied, message, inner),
        };
    }
}
