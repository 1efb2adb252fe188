using System.Net;
using System.Text.RegularExpressions;

namespace Pipeline.Tests.Support;

/// <summary>The pages that run, serve and the Functions app show, each with its headings.</summary>
internal static partial class SamePages
{
    /// <summary>Paths below the overview, and their headings while nothing has failed.</summary>
    public static readonly IReadOnlyList<(string Path, string Headings)> All =
    [
        ("", "Overview|Open lists|Speed|Records by HTTP status|How results were reported|Failures of open lists|"
            + "Money|What people did|Finished lists|Dead letters"),
        ("lists", "Lists|Open lists|Finished lists"),
        ("schedules", "Schedules|Set a schedule"),
        ("submit", "Submit a list"),
        ("search", "Search"),
    ];

    /// <summary>Asserts that a host shows all of them.</summary>
    /// <param name="http">A client that may see them.</param>
    /// <param name="overview">Path of the overview, with a slash at its end.</param>
    public static async Task AreShownAsync(HttpClient http, string overview)
    {
        foreach (var (path, headings) in All)
        {
            var page = await http.GetStringAsync(overview + path, TestContext.Current.CancellationToken);
            Assert.Equal((path, headings), (path, string.Join('|', Heading().Matches(page)
                .Select(heading => WebUtility.HtmlDecode(heading.Groups[1].Value)))));
        }
    }

    [GeneratedRegex("<h[12][^>]*>([^<]*)</h[12]>")]
    private static partial Regex Heading();
}
