namespace Pipeline.Intake;

/// <summary>
/// The fields of an input that Nimble's extract API documents, for where a person types their names: CSV headers,
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
    /// The field as the API writes it, whatever the case of <paramref name="name"/>; null for a name it does not know.
    /// </summary>
    public static string? Find(string name) => Names.TryGetValue(name, out var known) ? known : null;

    /// <summary>The known field nearest to a mistyped one; null where none is near.</summary>
    public static string? Nearest(string name)
    {
        var (best, distance) = Names
            .Select(known => (known, Distance(known, name.ToLowerInvariant())))
            .MinBy(pair => pair.Item2);
        return distance <= Math.Max(1, name.Length / 3) ? best : null;
    }

    // Levenshtein's distance.
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
