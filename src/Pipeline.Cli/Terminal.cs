using System.Text;
using Pipeline.Emulator;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Pipeline.Cli;

/// <summary>
/// Writes the tables and sentences of the commands. Text from outside can hold neither escape sequences nor markup: it
/// is cleaned, and styles are given separately.
/// </summary>
internal static class Terminal
{
    private const int Unbroken = 10_000;

    /// <summary>Style of what the user should not miss.</summary>
    public static readonly Style Warning = new(Color.Yellow);

    /// <summary>Style of details.</summary>
    public static readonly Style Faint = new(Color.Grey);

    /// <summary>
    /// Opens a console on a writer. Where that is no terminal, sentences stay on one line, for searches in a log.
    /// </summary>
    public static IAnsiConsole On(TextWriter writer)
    {
        var isTerminal = ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected;
        var output = new Output(CleanConsole.Raw(writer), isTerminal);
        var console = AnsiConsole.Create(new()
        {
            Out = output,
            Ansi = isTerminal && !IsDumb ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal && !IsDumb ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        console.Pipeline.Attach(new CleanTexts());
        return console;
    }

    /// <summary>
    /// Writes a line. A terminal that is narrower gets it folded between words, so that paths and ids can be copied;
    /// elsewhere it stays whole, so that they can be searched for.
    /// </summary>
    public static void WriteWhole(this IAnsiConsole console, string line) =>
        console.Profile.Out.Writer.WriteLine(
            Prose.Fold(
                CleanText.IsClean(line) ? line : CleanText.Clean(line),
                console.Profile.Out.IsTerminal ? console.Profile.Width : null, indent: 2));

    /// <summary>Writes a sentence on its own line.</summary>
    public static void Say(this IAnsiConsole console, Style style, string text) => console.WriteLine(text, style);

    /// <summary>The lines at the end of a terminal that can be drawn again; null where there is none.</summary>
    public static LiveLines? Live(this IAnsiConsole console) =>
        console.Profile is { Out.IsTerminal: true, Capabilities: { Interactive: true, Ansi: true } }
            ? new(console.Profile.Out.Writer, () => console.Profile.Width)
            : null;

    /// <summary>Adds a row whose cells are plain text, not markup.</summary>
    public static Table AddTextRow(this Table table, params IEnumerable<string> cells) =>
        table.AddRow(cells.Select(cell => new Text(cell)));

    /// <summary>Whether the terminal obeys no escape sequences.</summary>
    public static bool IsDumb =>
        Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb" && !OperatingSystem.IsWindows();

    /// <summary>A writer with its width.</summary>
    private sealed class Output(TextWriter writer, bool isTerminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => isTerminal;

        public int Width => isTerminal && Console.WindowWidth is > 0 and var width ? width : Unbroken;

        public int Height => isTerminal && Console.WindowHeight is > 0 and var height ? height : 24;

        public void SetEncoding(Encoding encoding)
        {
        }
    }

    /// <summary>Cleans the text of everything that is drawn, and keeps the control codes of the drawing code.</summary>
    private sealed class CleanTexts : IRenderHook
    {
        public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
            renderables.Select(one => new Cleaned(one));
    }

    private sealed class Cleaned(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner.Render(options, maxWidth).Select(Clean);

        private static Segment Clean(Segment segment) => segment.IsControlCode || CleanText.IsClean(segment.Text)
            ? segment
            : new(CleanText.Clean(segment.Text), segment.Style);
    }
}
