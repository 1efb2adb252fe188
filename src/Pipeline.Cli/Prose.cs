using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Cli;

/// <summary>
/// Writes sentences. On a terminal they are folded between words; elsewhere each stays on one line, for searches. A
/// command in quotes is never folded, so that it can be pasted.
/// </summary>
internal static partial class Prose
{
    private const int Narrow = 40;

    /// <summary>Writes a line of text.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="text">The text; blanks at its start are kept.</param>
    /// <param name="indent">Number of blanks before each further line.</param>
    public static Task WriteProseAsync(this TextWriter writer, string text, int indent = 0) =>
        writer.WriteLineAsync(Fold(text, WidthOf(writer), indent));

    /// <summary>Writes a line of text.</summary>
    public static void WriteProse(this TextWriter writer, string text) =>
        writer.WriteLine(Fold(text, WidthOf(writer), indent: 0));

    /// <summary>Folds a text; null as width leaves it as it is, and so does a width that is too small.</summary>
    internal static string Fold(string text, int? width, int indent)
    {
        if (width is not >= Narrow || LiveLines.WidthOf(text) <= width)
            return text;
        var folded = new StringBuilder();
        var column = 0;
        // The blanks before a word are kept, except where the line is folded.
        foreach (Match match in Words().Matches(text))
        {
            var columns = LiveLines.WidthOf(match.Value);
            if (column > indent && column + columns > width)
            {
                var word = match.Groups["word"].Value;
                folded.Append('\n').Append(' ', indent).Append(word);
                column = indent + LiveLines.WidthOf(word);
            }
            else
            {
                folded.Append(match.ValueSpan);
                column += columns;
            }
        }
        return folded.ToString();
    }

    /// <summary>The width of the terminal behind a writer; null where there is none.</summary>
    public static int? WidthOf(TextWriter writer) =>
        (ReferenceEquals(writer, Console.Out) && !Console.IsOutputRedirected)
            || (ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected)
            ? Console.WindowWidth
            : null;

    [GeneratedRegex(@" *(?<word>'pipeline [^']*'\S*|\S+)")]
    private static partial Regex Words();
}
