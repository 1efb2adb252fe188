namespace Pipeline;

/// <summary>The fixed vocabulary of a failure's <c>reason</c>. docs/record.md explains each to the reader of a failure.</summary>
public static class FailureReasons
{
    /// <summary>A line of the list that is not an input: no URL, a malformed one, a field that is not allowed there.</summary>
    public const string InvalidInput = "invalid_input";

    /// <summary>The settings refuse the URL's domain; it was not submitted.</summary>
    public const string DomainRefused = "domain_refused";

    /// <summary>A budget is used up, of the settings for its list or at Nimble (402) for too long; it was not submitted.</summary>
    public const string BudgetExhausted = "budget_exhausted";

    /// <summary>Too few of the list's first inputs succeeded; it was not submitted.</summary>
    public const string CanaryFailed = "canary_failed";

    /// <summary>Nimble refused the input, or the submission, for its content (400, 404, 422); nothing was accepted or billed.</summary>
    public const string SubmissionRefused = "submission_refused";

    /// <summary>Whether Nimble accepted the submission could not be proven either way within the evidence window.</summary>
    public const string SubmissionUnknown = "submission_unknown";

    /// <summary>The task ended in a bad state at Nimble.</summary>
    public const string TaskFailed = "task_failed";

    /// <summary>The task never reached an end within the deadline, or the API no longer knows it.</summary>
    public const string TaskExpired = "task_expired";

    /// <summary>The task ended well, but neither bucket nor API had its result within the deadline.</summary>
    public const string ObjectMissing = "object_missing";

    /// <summary>The object is truncated, altered, or not what its checksum says.</summary>
    public const string ObjectDamaged = "object_damaged";

    /// <summary>The object is larger, deeper or more compressed than the limits allow.</summary>
    public const string LimitExceeded = "limit_exceeded";

    /// <summary>The result is whole but is not a result document (not an object, not UTF-8, a field twice, another task's...).</summary>
    public const string ResultInvalid = "result_invalid";

    /// <summary>The result document itself reports something other than success.</summary>
    public const string ResultFailed = "result_failed";

    /// <summary>The result reports success and holds nothing.</summary>
    public const string EmptyResult = "empty_result";

    /// <summary>The page answered with an HTTP status that the settings call a failure.</summary>
    public const string PageStatus = "page_status";

    /// <summary>Several inputs fit one result and nothing tells them apart.</summary>
    public const string ResultAmbiguous = "result_ambiguous";

    /// <summary>A store, or the API, refuses our credentials.</summary>
    public const string AccessDenied = "access_denied";

    /// <summary>The other side is unreachable, overloaded or failing for the moment.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>A setting, an argument or a list that cannot be used.</summary>
    public const string InvalidConfiguration = "invalid_configuration";

    /// <summary>The work failed every try for a cause outside this vocabulary; the message has it.</summary>
    public const string Internal = "internal_error";
}
