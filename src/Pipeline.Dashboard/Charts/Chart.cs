using System.Globalization;
using Microsoft.AspNetCore.Html;

namespace Pipeline.Dashboard.Charts;

/// <summary>Draws lines as SVG.</summary>
internal static class Chart
{
    private const double Width = 330;
    private const double Height = 100;
    private const double Left = 62;
    private const double Bottom = 18;

    private static readonly double[] Steps = [1, 2, 5, 10];
    private static readonly double[] Grid = [0, 0.5, 1];

    /// <summary>Draws one or more lines over the same stretches of time.</summary>
    /// <param name="label">What it shows, for those who do not see it.</param>
    /// <param name="from">What stands at the left end of the time axis.</param>
    /// <param name="format">Writes a value of the other axis.</param>
    /// <param name="lines">The lines, each with its style; null leaves a gap.</param>
    public static IHtmlContent Draw(
        string label, string from, Func<double, string> format,
        params IReadOnlyList<(string Style, IReadOnlyList<double?> Values)> lines)
    {
        var top = Round(lines.SelectMany(line => line.Values).Max() ?? 0);
        var svg = new HtmlContentBuilder();
        svg.AppendFormat(
            CultureInfo.InvariantCulture,
            "<svg class=\"chart\" role=\"img\" aria-label=\"{0}\" viewBox=\"0 0 {1} {2}\">",
            label, Width, Height + Bottom);
        foreach (var share in Grid)
            svg.AppendFormat(
                CultureInfo.InvariantCulture,
                "<path class=\"grid\" d=\"M{0} {1}H{2}\"></path>"
                    + "<text x=\"{3}\" y=\"{4}\" text-anchor=\"end\">{5}</text>",
                Left, Y(share * top, top), Width, Left - 6, Y(share * top, top) + 4, format(share * top));
        svg.AppendFormat(
            CultureInfo.InvariantCulture,
            "<text x=\"{0}\" y=\"{1}\">{2}</text><text x=\"{3}\" y=\"{1}\" text-anchor=\"end\">now</text>",
            Left, Height + Bottom - 3, from, Width);
        foreach (var (style, values) in lines)
            svg.AppendFormat("<path class=\"{0}\" d=\"{1}\"></path>", style, Path(values, top));
        return svg.AppendHtml("</svg>");
    }

    private static string Path(IReadOnlyList<double?> values, double top)
    {
        var path = new System.Text.StringBuilder();
        var isDown = false;
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i] is not { } value)
            {
                isDown = false;
                continue;
            }
            // A lone value is drawn as a dot, by the round ends of a stroke without length.
            path.Append(
                CultureInfo.InvariantCulture, $"{(isDown ? 'L' : 'M')}{X(i, values.Count):0.#} {Y(value, top):0.#}");
            if (!isDown)
                path.Append("h.01");
            isDown = true;
        }
        return path.ToString();
    }

    private static double X(int i, int count) => Left + 3 + i * (Width - Left - 6) / Math.Max(1, count - 1);

    private static double Y(double value, double top) => Height - value / top * (Height - 10);

    // 1, 2 or 5 and zeros, so that the axis is easy to read.
    private static double Round(double most)
    {
        if (most <= 0)
            return 1;
        var size = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return Steps.First(step => step * size >= most * 0.999) * size;
    }
}
