namespace Pipeline.Emulator.Pages;

/// <summary>There is no page: nothing answered, or not in time, or not with anything usable.</summary>
/// <param name="errorType">One of the constants here; what a task's <c>error_type</c> says.</param>
/// <param name="message">For people.</param>
/// <param name="inner">The cause, if there is one.</param>
internal sealed class PageFetchException(string errorType, string message, Exception? inner = null) : Exception(message, inner)
{
    public const string InvalidUrl = "invalid_url";
    public const string AddressRefused = "address_refused";
    public const string DnsFailure = "dns_failure";
    public const string ConnectionFailed = "connection_failed";
    public const string TlsFailure = "tls_failure";
    public const string Timeout = "timeout";
    public const string TooLarge = "too_large";
    public const string TooManyRedirects = "too_many_redirects";
    public const string BadResponse = "bad_response";

    /// <summary>The kind of failure.</summary>
    public string ErrorType { get; } = errorType;
}
