using System.Collections.Frozen;

namespace Pipeline.Model;

/// <summary>What can be done about failures of one reason.</summary>
/// <param name="Reason">One of <see cref="FailureReasons"/>.</param>
/// <param name="IsRetryable">Whether another attempt may succeed; null where it depends on the failure.</param>
/// <param name="ReplaysFree">Whether <c>replay</c> reads the result, or looks for the submission, again.</param>
/// <param name="Resubmits">Whether <c>replay --resubmit</c> posts the input again.</param>
/// <param name="Retries">Whether the retry policy may post the input again without an operator.</param>
/// <param name="MayBeDelivered">
/// Whether the bucket may hold an unread result. If so, the bucket is searched before the input is posted again.
/// </param>
internal sealed record FailureRemedy(
    string Reason, bool? IsRetryable, bool ReplaysFree, bool Resubmits, bool Retries = false,
    bool MayBeDelivered = false);

/// <summary>The only table of remedies. A test compares the table in docs/record.md with it.</summary>
internal static class FailureRemedies
{
    /// <summary>One remedy per reason, in the order of <see cref="FailureReasons"/>.</summary>
    public static readonly IReadOnlyList<FailureRemedy> All =
    [
        new(FailureReasons.InvalidInput, IsRetryable: false, ReplaysFree: false, Resubmits: false),
        new(FailureReasons.DomainRefused, IsRetryable: false, ReplaysFree: false, Resubmits: true),
        new(FailureReasons.BudgetExhausted, IsRetryable: true, ReplaysFree: false, Resubmits: true),
        new(FailureReasons.CanaryFailed, IsRetryable: true, ReplaysFree: false, Resubmits: true),
        new(FailureReasons.Cancelled, IsRetryable: true, ReplaysFree: false, Resubmits: true),
        new(FailureReasons.SubmissionRefused, IsRetryable: false, ReplaysFree: false, Resubmits: true),
        new(
            FailureReasons.SubmissionUnknown, IsRetryable: true, ReplaysFree: true, Resubmits: true,
            MayBeDelivered: true),
        new(FailureReasons.TaskFailed, IsRetryable: true, ReplaysFree: false, Resubmits: true, Retries: true),
        new(
            FailureReasons.TaskExpired, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true,
            MayBeDelivered: true),
        new(
            FailureReasons.ObjectMissing, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true,
            MayBeDelivered: true),
        new(FailureReasons.ObjectDamaged, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true),
        new(FailureReasons.LimitExceeded, IsRetryable: false, ReplaysFree: true, Resubmits: true),
        new(FailureReasons.ResultInvalid, IsRetryable: false, ReplaysFree: true, Resubmits: true),
        new(FailureReasons.ResultFailed, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true),
        new(FailureReasons.EmptyResult, IsRetryable: true, ReplaysFree: true, Resubmits: true, Retries: true),
        new(FailureReasons.PageStatus, IsRetryable: null, ReplaysFree: false, Resubmits: true, Retries: true),
        new(FailureReasons.ResultAmbiguous, IsRetryable: false, ReplaysFree: true, Resubmits: true),
        new(FailureReasons.AccessDenied, IsRetryable: true, ReplaysFree: true, Resubmits: true, MayBeDelivered: true),
        new(FailureReasons.Unavailable, IsRetryable: true, ReplaysFree: true, Resubmits: true, MayBeDelivered: true),
        new(
            FailureReasons.InvalidConfiguration, IsRetryable: true, ReplaysFree: true, Resubmits: true,
            MayBeDelivered: true),
        new(FailureReasons.Internal, IsRetryable: true, ReplaysFree: true, Resubmits: true, MayBeDelivered: true),
    ];

    private static readonly FrozenDictionary<string, FailureRemedy> ByReason =
        All.ToFrozenDictionary(remedy => remedy.Reason, StringComparer.Ordinal);

    /// <summary>
    /// The remedy of a reason. A reason of another version, unknown here, gets the remedy of <c>internal_error</c>.
    /// </summary>
    public static FailureRemedy Of(string? reason) =>
        ByReason.GetValueOrDefault(reason ?? FailureReasons.Internal) ?? ByReason[FailureReasons.Internal];

    /// <summary>
    /// The remedy of one failure. Nimble has no result of an input that it never accepted, so replaying it without
    /// posting finds nothing, whatever the reason.
    /// </summary>
    public static FailureRemedy Of(Failure failure) => WasNeverAccepted(failure)
        ? Of(failure.Reason) with { ReplaysFree = false, MayBeDelivered = false }
        : Of(failure.Reason);

    private static bool WasNeverAccepted(Failure failure) =>
        failure is { BatchId: null, TaskId: null, Stage: "intake" or "submit" }
        && failure.Reason != FailureReasons.SubmissionUnknown;
}
