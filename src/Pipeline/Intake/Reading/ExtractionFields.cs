namespace Pipeline.Intake.Reading;

/// <summary>
/// The input fields that Nimble's extract API documents. Used where people type field names: CSV headers and
/// <c>--shared</c>.
/// </summary>
internal static class ExtractionFields
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "url",
        "tag",
        "country",
        "state",
        "city",
        "locale",
        "render",
        "driver",
        "formats",
        "parse",
        "parser",
        "browser_actions",
        "network_capture",
        "headers",
        "cookies",
        "method",
        "body",
        "referrer_type",
        "expected_status_codes",
        "http2",
        "is_xhr",
        "session",
        "device",
        "os",
        "browser",
        "request_timeout",
        "consent_header",
        "skill",
    };

    /// <summary>
    /// Returns the field in the API's spelling, ignoring the case of <paramref name="name"/>; null if unknown.
    /// </summary>
    public static string? Find(string name) => Names.TryGetValue(name, out var known) ? known : null;

    /// <summary>Returns the known field closest to a mistyped one; null if none is close.</summary>
    public static string? Nearest(string name) => Notation.Nearest.Of(name, Names);
}
