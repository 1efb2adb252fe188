using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator.Document;

/// <summary>A request or an answer of the API's document.</summary>
/// <param name="Number">Its number in the document, from 1.</param>
/// <param name="Section">The heading above it.</param>
/// <param name="Text">Its text.</param>
/// <param name="IsRequest">Whether it is a request; else it is JSON.</param>
internal sealed partial record Example(int Number, string Section, string Text, bool IsRequest)
{
    /// <summary>The method of a request.</summary>
    public string Method => Text.Contains("POST", StringComparison.Ordinal) ? "POST" : "GET";

    /// <summary>The path and query of a request.</summary>
    public string Path => Address().Match(Text).Groups[1].Value;

    /// <summary>The body of a request; null for none.</summary>
    public string? Body => Data().Match(Text) is { Success: true } data ? data.Groups[1].Value : null;

    /// <summary>The JSON of an answer.</summary>
    public JsonNode Json => JsonNode.Parse(Text)!;

    [GeneratedRegex(@"https://sdk\.nimbleway\.com/([^'\s]+)")]
    private static partial Regex Address();

    [GeneratedRegex("--data-raw '(.*)'", RegexOptions.Singleline)]
    private static partial Regex Data();
}

/// <summary>The examples of the API's document, in its order.</summary>
internal static partial class ApiDocument
{
    public static IReadOnlyList<Example> Examples { get; } = Read();

    /// <summary>The only JSON of a section.</summary>
    public static JsonNode AnswerOf(string section) =>
        Examples.Single(e => !e.IsRequest && e.Section == section).Json;

    /// <summary>The request of a section.</summary>
    public static Example RequestOf(string section) => Examples.First(e => e.IsRequest && e.Section == section);

    private static List<Example> Read()
    {
        var text = File.ReadAllText(
            System.IO.Path.Combine(Repository.Root, "tests/Pipeline.Tests/Emulator/Document/examples.md"));
        var (examples, section) = (new List<Example>(), "");
        foreach (Match match in Block().Matches(text))
        {
            if (match.Groups["heading"] is { Success: true } heading)
                section = heading.Value;
            else
                examples.Add(
                    new(examples.Count + 1, section, match.Groups["text"].Value, match.Groups["kind"].Value == "bash"));
        }
        return examples;
    }

    [GeneratedRegex(
        @"^## (?<heading>.+?)$|^```(?<kind>\w+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
