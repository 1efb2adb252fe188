using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Run;

/// <summary>Composes commands for the user to paste.</summary>
internal static class Shell
{
    /// <summary>Composes a command on the same state, such as <c>pipeline replay --out results</c>.</summary>
    public static string Command(RunSettings settings, string command) =>
        $"pipeline {command}{settings.StateArguments}";

    /// <summary>Quotes a word for a shell, if it needs quotes.</summary>
    public static string Quote(string word) =>
        word.Length > 0
            && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or ':' or '=' or ',' or '\\')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
