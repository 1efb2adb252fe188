using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>The commands that README, docs and packages tell users to paste.</summary>
internal static partial class DocumentedCommands
{
    /// <summary>Every command with its page: the lines of code blocks, and commands within sentences.</summary>
    public static IEnumerable<(string Page, string Command)> All() =>
        Pages().SelectMany(page => Of(Repository.Read(page)).Distinct().Select(command => (page, command)));

    /// <summary>The commands in a page's code blocks, in their order.</summary>
    public static IEnumerable<string> Blocks(string page) => Commands(Repository.Read(page));

    private static IEnumerable<string> Of(string text) =>
        Commands(text).Concat(
            Span().Matches(Block().Replace(text, ""))
                .Select(span => span.Groups["code"].Value)
                .Where(code => Command().IsMatch(code)));

    private static IEnumerable<string> Commands(string text) =>
        Block().Matches(text).Where(block => block.Groups["language"].Length == 0).SelectMany(Lines);

    private static IEnumerable<string> Lines(Match block) =>
        block.Groups["lines"].Value
            .Replace("\\\n", " ", StringComparison.Ordinal)
            .Split('\n')
            .Select(line => Comment().Replace(line, "").Trim())
            .Where(line => line.Length > 0);

    private static IEnumerable<string> Pages() =>
        new[] { "README.md", "CONTRIBUTING.md", "SECURITY.md", "samples/README.md" }
            .Concat(Markdown("docs"))
            .Concat(Directory.GetDirectories(Path.Combine(Repository.Root, "src")).SelectMany(Markdown));

    private static IEnumerable<string> Markdown(string folder) =>
        Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.md")
            .Select(file => Path.GetRelativePath(Repository.Root, file));

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<lines>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^(\w+=\S+ )*((dotnet|pipeline|docker|az|azd|aws) |(\.ci|bench)/\w+|tests/\S+\.sh)")]
    private static partial Regex Command();

    [GeneratedRegex(@"`(?<code>[^`\n]+)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"\s# .*$")]
    private static partial Regex Comment();
}
