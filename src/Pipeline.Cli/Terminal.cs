using System.Text;
using Pipeline.Emulator;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Pipeline.Cli;

/// <summary>
/// Where the commands' tables and sentences go. Whatever they are made of, a terminal finds nothing in them to obey, and
/// nothing but the code's own words is markup: what is said here is text, and its style is given apart from it.
/// </summary>
internal static class Terminal
{
    private const int Unbroken = 10_000;

    /// <summary>What the user should not miss.</summary>
    public static readonly Style Warning = new(Color.Yellow);

    /// <summary>What is there for those who look for it.</summary>
    public static readonly Style Faint = new(Color.Grey);

    /// <summary>A console on a writer; where that is no terminal, sentences stay on one line, for whoever searches a log.</summary>
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
        console.Profile.Width = output.Width;
        console.Pipeline.Attach(new CleanTexts());
        return console;
    }

    /// <summary>Writes a line as it is, however long: a path or an id that is cut in two cannot be copied or searched for.</summary>
    public static void WriteWhole(this IAnsiConsole console, string line) =>
        console.Profile.Out.Writer.WriteLine(CleanText.IsClean(line) ? line : CleanText.Clean(line));

    /// <summary>A sentence on a line of its own.</summary>
    public static void Say(this IAnsiConsole console, Style style, string text) => console.WriteLine(text, style);

    /// <summary>A row whose cells are text, whatever characters are in them.</summary>
    public static Table AddTextRow(this Table table, params IEnumerable<string> cells) =>
        table.AddRow(cells.Select(cell => new Text(cell)));

    private static bool IsDumb => Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb" && !OperatingSystem.IsWindows();

    /// <summary>A writer, and how wide what is behind it is.</summary>
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

    /// <summary>Cleans the texts of whatever is drawn, and leaves the terminal's own codes to who draws.</summary>
    private sealed class CleanTexts : IRenderHook
    {
        public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
            renderables.Select(one => new Cleaned(one));
    }

    private sealed class Cleaned(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => inner.Render(options, maxWidth).Select(Clean);

        private static Segment Clean(Segment segment) => segment.IsControlCode || CleanText.IsClean(segment.Text)
            ? segment
            : new(CleanText.Clean(segment.Text), segment.Style);
    }
}
