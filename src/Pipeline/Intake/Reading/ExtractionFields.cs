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
    public static string? Nearest(string name)
    {
        var (best, distance) = Names
            .Select(known => (known, Distance(known, name.ToLowerInvariant())))
            .MinBy(pair => pair.Item2);
        return distance <= Math.Max(1, name.Length / 3) ? best : null;
    }

    // Levenshtein distance.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, substituted);
            }
        }
        return row[^1];
    }
}
