namespace Pipeline.Model;

/// <summary>The fixed vocabulary of a failure's <c>reason</c>. docs/runbook.md says what to do about each.</summary>
public static class FailureReasons
{
    /// <summary>
    /// A line of the list is not a valid input: its URL is missing or malformed, or a field is not allowed.
    /// </summary>
    public const string InvalidInput = "invalid_input";

    /// <summary>
    /// The settings refuse the URL: its domain is refused or its address is private. It was not submitted.
    /// </summary>
    public const string DomainRefused = "domain_refused";

    /// <summary>
    /// The input was not submitted: the list's budget is used up, or Nimble's account was out of credit (402) for too
    /// long.
    /// </summary>
    public const string BudgetExhausted = "budget_exhausted";

    /// <summary>The input was not submitted: too few of the list's canary inputs succeeded.</summary>
    public const string CanaryFailed = "canary_failed";

    /// <summary>The input was not submitted: an operator cancelled the list.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>
    /// Nimble rejected the content of the input or submission (400, 404, 422); nothing was accepted or billed.
    /// </summary>
    public const string SubmissionRefused = "submission_refused";

    /// <summary>No evidence showed, within the evidence window, whether Nimble accepted the submission.</summary>
    public const string SubmissionUnknown = "submission_unknown";

    /// <summary>The task failed at Nimble.</summary>
    public const string TaskFailed = "task_failed";

    /// <summary>The task did not finish within the deadline, or the API no longer knows it.</summary>
    public const string TaskExpired = "task_expired";

    /// <summary>
    /// The task succeeded, but its result was neither in the bucket nor at the API before the deadline.
    /// </summary>
    public const string ObjectMissing = "object_missing";

    /// <summary>The object is truncated or altered, or does not match its checksum.</summary>
    public const string ObjectDamaged = "object_damaged";

    /// <summary>The object exceeds a limit: size, nesting depth or compression ratio.</summary>
    public const string LimitExceeded = "limit_exceeded";

    /// <summary>
    /// The object is intact but is not this task's result document: not a JSON object, not UTF-8, a duplicate field,
    /// another task's result.
    /// </summary>
    public const string ResultInvalid = "result_invalid";

    /// <summary>The result document reports a status other than success.</summary>
    public const string ResultFailed = "result_failed";

    /// <summary>The result reports success but holds no data.</summary>
    public const string EmptyResult = "empty_result";

    /// <summary>The page answered with an HTTP status that the settings treat as a failure.</summary>
    public const string PageStatus = "page_status";

    /// <summary>Several inputs match one result, and nothing tells them apart.</summary>
    public const string ResultAmbiguous = "result_ambiguous";

    /// <summary>A store or the API rejects our credentials.</summary>
    public const string AccessDenied = "access_denied";

    /// <summary>A service we depend on is unreachable, overloaded or failing.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>A setting, argument or list is invalid.</summary>
    public const string InvalidConfiguration = "invalid_configuration";

    /// <summary>Every attempt failed for a cause outside this vocabulary; the message names it.</summary>
    public const string Internal = "internal_error";
}
