using System.Collections.Frozen;

namespace Pipeline;

/// <summary>What may be done about failures of one reason.</summary>
/// <param name="Reason">A word of <see cref="FailureReasons"/>.</param>
/// <param name="IsRetryable">Whether trying again may help; null where only the failure itself can say.</param>
/// <param name="ReplaysFree">Whether <c>replay</c> reads the result, or looks for the submission, again.</param>
/// <param name="Resubmits">Whether <c>replay --resubmit</c> posts the input again.</param>
/// <param name="Retries">Whether the retry policy may post the input again without an operator.</param>
/// <param name="MayBeDelivered">Whether a result that nobody has read may lie in the bucket: it is looked for there before the input is posted again.</param>
internal sealed record FailureRemedy(
    string Reason, bool? IsRetryable, bool ReplaysFree, bool Resubmits, bool Retries = false, bool MayBeDelivered = false);

/// <summary>The one table of remedies. The table in docs/record.md is checked against it.</summary>
internal static class FailureRemedies
{
    /// <summary>One for each reason, in the order of <see cref="FailureReasons"/>.</summary>
    public static readonly IReadOnlyList<FailureRemedy> All =
    [
        new(FailureReasons.InvalidInput, IsRetryable: false, ReplaysFree: false, Resubmits: false),
        new(FailureReasons.DomainRefused, IsRetryable: false, ReplaysFree: false, Resubmits: true),
        new(FailureReasons.BudgetExhausted, IsRetryable: true, ReplaysFree: false, Resubmits: true),
        new(FailureReasons.CanaryFailed, IsRetryable: true, ReplaysFree: false, Resubmits: true),
        new(FailureReasons.SubmissionRefused, IsRetryable: false, ReplaysFree: false, Resubmits: true),
        new(FailureReasons.SubmissionUnknown, IsRetryable: true, ReplaysFree: true, Resubmits: true, MayBeDelivered: true),
        new(FailureReasons.TaskFailed, IsRetryable: true, ReplaysFree: false, Resubmits: true, Retries: true),
        new(FailureReasons.TaskExpired, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true, MayBeDelivered: true),
        new(FailureReasons.ObjectMissing, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true, MayBeDelivered: true),
        new(FailureReasons.ObjectDamaged, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true),
        new(FailureReasons.LimitExceeded, IsRetryable: false, ReplaysFree: true, Resubmits: true),
        new(FailureReasons.ResultInvalid, IsRetryable: false, ReplaysFree: true, Resubmits: true),
        new(FailureReasons.ResultFailed, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true),
        new(FailureReasons.EmptyResult, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true),
        new(FailureReasons.PageStatus, IsRetryable: null, ReplaysFree: false, Resubmits: true, Retries: true),
        new(FailureReasons.ResultAmbiguous, IsRetryable: false, ReplaysFree: true, Resubmits: true),
        new(FailureReasons.AccessDenied, IsRetryable: true, ReplaysFree: true, Resubmits: true, MayBeDelivered: true),
        new(FailureReasons.Unavailable, IsRetryable: true, ReplaysFree: true, Resubmits: true, MayBeDelivered: true),
        new(FailureReasons.InvalidConfiguration, IsRetryable: true, ReplaysFree: true, Resubmits: true, MayBeDelivered: true),
        new(FailureReasons.Internal, IsRetryable: true, ReplaysFree: true, Resubmits: true, MayBeDelivered: true),
    ];

    private static readonly FrozenDictionary<string, FailureRemedy> ByReason =
        All.ToFrozenDictionary(remedy => remedy.Reason, StringComparer.Ordinal);

    /// <summary>The remedy of a reason; that of <c>internal_error</c> for a word of another version.</summary>
    public static FailureRemedy Of(string? reason) =>
        ByReason.GetValueOrDefault(reason ?? FailureReasons.Internal) ?? ByReason[FailureReasons.Internal];
}
