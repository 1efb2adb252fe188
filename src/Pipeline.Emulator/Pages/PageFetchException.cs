namespace Pipeline.Emulator.Pages;

/// <summary>A page could not be fetched: no answer, a late answer, or an unusable one.</summary>
/// <param name="errorType">The task's <c>error_type</c>: one of the constants of this class.</param>
/// <param name="message">The task's <c>error</c>.</param>
/// <param name="inner">The cause, if there is one.</param>
internal sealed class PageFetchException(string errorType, string message, Exception? inner = null)
    : Exception(message, inner)
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

    /// <summary>The task's <c>error_type</c>.</summary>
    public string ErrorType { get; } = errorType;
}
