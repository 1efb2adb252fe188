namespace Pipeline.Cli.Run;

/// <summary>Commands that are printed so that somebody can paste them.</summary>
internal static class Shell
{
    /// <summary>A command on the same state, such as <c>pipeline replay --out results</c>.</summary>
    public static string Command(RunSettings settings, string command) => $"pipeline {command}{settings.StateArguments}";

    /// <summary>A word as a shell takes it: as it is where it can be, else between single quotes.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or ':' or '=' or ',' or '\\')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
