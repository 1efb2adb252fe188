using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>An entry of docs/runbook.md.</summary>
/// <param name="Section">The heading above it.</param>
/// <param name="Name">Its own heading and anchor: the name of an alert, a verdict or a failure reason.</param>
/// <param name="Text">What it says.</param>
internal sealed partial record RunbookEntry(string Section, string Name, string Text)
{
    /// <summary>The text of each code block, ready to paste.</summary>
    public IReadOnlyList<string> Commands { get; } = [.. Block().Matches(Text).Select(b => b.Groups["lines"].Value)];

    /// <summary>The commands below <c>Do</c>.</summary>
    public string Cure => Block().Match(Text[Text.IndexOf("- **Do**", StringComparison.Ordinal)..])
        .Groups["lines"].Value.Trim();

    [GeneratedRegex(@"^```\n(?<lines>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}

/// <summary>Reads docs/runbook.md.</summary>
internal static class Runbook
{
    public const string Path = "docs/runbook.md";

    /// <summary>All entries, in their order.</summary>
    public static IReadOnlyList<RunbookEntry> Entries { get; } =
    [
        .. Heading(2).Split(Repository.Read(Path)).Skip(1).Chunk(2).SelectMany(section =>
            Heading(3).Split(section[1]).Skip(1).Chunk(2).Select(entry =>
                new RunbookEntry(section[0], entry[0], entry[1]))),
    ];

    /// <summary>The entry of a name.</summary>
    public static RunbookEntry Of(string name) => Assert.Single(Entries, entry => entry.Name == name);

    private static Regex Heading(int level) => new($@"^{new string('#', level)} (.+)\n", RegexOptions.Multiline);
}
