using Pipeline.Model;

namespace Pipeline.Outcomes;

/// <summary>Why inputs failed.</summary>
/// <param name="Stage">Stage that failed: <c>submit</c>, <c>collect</c>, <c>sweep</c>.</param>
/// <param name="Reason">One of <see cref="FailureReasons"/>.</param>
/// <param name="Message">Message for people: what is wrong, where, and what to do.</param>
/// <param name="IsRetryable">Whether another attempt may help; null if the reason decides that.</param>
/// <param name="HttpStatus">The page's HTTP status if it is the cause; otherwise null.</param>
internal sealed record FailureCause(
    string Stage, string Reason, string Message, bool? IsRetryable = null, int? HttpStatus = null);
