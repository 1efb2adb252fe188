using System.Collections.Frozen;
using Pipeline.Model;

namespace Pipeline.Stores;

/// <summary>What a store's error means for the work.</summary>
internal enum StoreVerdict
{
    /// <summary>The error is transient: the request is sent again.</summary>
    Passes,

    /// <summary>
    /// The store refuses these credentials or this bucket. Results wait, because the cause can be fixed.
    /// </summary>
    Refused,

    /// <summary>The error concerns only this object. Its result is read from elsewhere, or fails.</summary>
    ThisObject,
}

/// <summary>
/// The meaning of each error of one store. Our own reads and the SDK's calls share it. An error that it does not list
/// is judged by its status: 408, 429 and 5xx are transient, all others are refusals.
/// </summary>
internal sealed class StoreErrorTable(params (StoreVerdict Verdict, string[] Codes)[] rows)
{
    private readonly FrozenDictionary<string, StoreVerdict> _verdicts =
        rows.SelectMany(row => row.Codes, (row, code) => KeyValuePair.Create(code, row.Verdict)).ToFrozenDictionary();

    public StoreVerdict VerdictOf(int status, string? code) =>
        code is not null && _verdicts.TryGetValue(code, out var verdict) ? verdict
        : status is 408 or 429 or >= 500 ? StoreVerdict.Passes
        : StoreVerdict.Refused;

    /// <summary>Creates the exception for a verdict.</summary>
    /// <param name="verdict">The meaning of the error.</param>
    /// <param name="answer">The store's answer, as a sentence.</param>
    /// <param name="advice">What to do; empty if the caller only has to wait.</param>
    /// <param name="retryAfter">The wait that the store asks for.</param>
    /// <param name="inner">The SDK's exception.</param>
    public static PipelineException ToException(
        StoreVerdict verdict, string answer, string advice, TimeSpan? retryAfter = null, Exception? inner = null)
    {
        var message = $"{answer} {advice}".TrimEnd();
        return verdict switch
        {
            StoreVerdict.Passes => PipelineException.Transient(FailureReasons.Unavailable, message, retryAfter, inner),
            StoreVerdict.ThisObject => PipelineException.Permanent(FailureReasons.ObjectMissing, message, inner),
            _ => PipelineException.Permanent(FailureReasons.AccessDenied, message, inner),
        };
    }
}
