using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Notation;

/// <summary>
/// Finds the commands in a sentence for people, and adds the options that name the folder in question. The code that
/// wrote the text does not know the folder.
/// </summary>
internal static partial class CommandsInText
{
    /// <summary>Returns position and length of each command, and the command with the options.</summary>
    /// <param name="text">The sentence.</param>
    /// <param name="arguments">The options, each with a blank before it; empty for none.</param>
    public static IEnumerable<(int Index, int Length, string Command)> Find(string text, string arguments) =>
        Commands().Matches(text).Select(
            match => (match.Index, match.Length, match.Value + (NeedsNone(match.Value) ? "" : arguments)));

    /// <summary>Returns the sentence with all commands completed.</summary>
    public static string Complete(string text, string arguments)
    {
        if (arguments.Length == 0)
            return text;
        var complete = new StringBuilder();
        var at = 0;
        foreach (var (index, length, command) in Find(text, arguments))
        {
            complete.Append(text, at, index - at).Append(command);
            at = index + length;
        }
        return complete.Append(text, at, text.Length - at).ToString();
    }

    private static bool NeedsNone(string command) =>
        command.Contains(" --out", StringComparison.Ordinal) || command.Contains(" --state", StringComparison.Ordinal)
        || command.StartsWith("pipeline doctor", StringComparison.Ordinal)
        || command.StartsWith("pipeline export", StringComparison.Ordinal);

    [GeneratedRegex(
        @"(?<=^|[\s'(])pipeline (cancel|doctor|explain|export|failures|notify|pause|pending|records|replay|reprocess"
            + @"|restore|resume|run|schedule|serve|status|submit)( [A-Za-z0-9_./:-]*[A-Za-z0-9_/-])*")]
    private static partial Regex Commands();
}
