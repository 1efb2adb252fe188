using System.Globalization;
using Microsoft.AspNetCore.Html;

namespace Pipeline.Dashboard.Pages.Views;

/// <summary>One bar of parts of a whole, as SVG: a policy that allows no inline style allows its attributes.</summary>
internal static class Bar
{
    // Some of a million is still some: thinner than this, a part could not be seen.
    private const double Thinnest = 0.4;

    /// <summary>The four parts of a list.</summary>
    public static IHtmlContent OfInputs(long records, long failures, long underWay, long waiting) =>
        Of("bar", ("records", records), ("failures", failures), ("under way", underWay), ("waiting", waiting));

    /// <summary>Any parts, in the colours of their names.</summary>
    public static IHtmlContent Of(string style, params IReadOnlyList<(string Name, long Count)> parts)
    {
        var bar = new HtmlContentBuilder();
        bar.AppendFormat(
            "<svg class=\"{0}\" role=\"img\" aria-label=\"{1}\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\">",
            style,
            string.Join(", ", parts.Select(part => $"{Show.Number(part.Count)} {part.Name}")));
        var widths = Widths([.. parts.Select(part => part.Count)]);
        var at = 0.0;
        for (var i = 0; i < parts.Count; i++)
        {
            if (widths[i] > 0)
                bar.AppendFormat(
                    CultureInfo.InvariantCulture,
                    "<rect class=\"fill-{0}\" x=\"{1:0.###}\" width=\"{2:0.###}\" height=\"1\"></rect>",
                    parts[i].Name.Replace(" ", "", StringComparison.Ordinal), at, widths[i]);
            at += widths[i];
        }
        return bar.AppendHtml("</svg>");
    }

    private static double[] Widths(IReadOnlyList<long> counts)
    {
        var total = (double)counts.Sum();
        if (total <= 0)
            return new double[counts.Count];
        var widths = counts.Select(count => count <= 0 ? 0 : Math.Max(Thinnest, count * 100 / total)).ToArray();
        var sum = widths.Sum();
        return [.. widths.Select(width => width * 100 / sum)];
    }
}
