using Spectre.Console;

namespace Pipeline.Cli;

/// <summary>Where the commands' tables and sentences go.</summary>
internal static class Terminal
{
    private const int Unbroken = 10_000;

    /// <summary>A console on a writer; where that is no terminal, sentences stay on one line, for whoever searches a log.</summary>
    public static IAnsiConsole On(TextWriter writer)
    {
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(writer) });
        if (!console.Profile.Out.IsTerminal)
            console.Profile.Width = Unbroken;
        return console;
    }
}
