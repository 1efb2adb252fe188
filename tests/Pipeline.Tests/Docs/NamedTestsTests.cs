using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>A page that says which test proves something names a test that exists.</summary>
public sealed partial class NamedTestsTests
{
    public static TheoryData<string> Pages =>
        [.. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Select(file => Path.GetFileName(file)!)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void EveryTestThatAPageNamesExists(string page)
    {
        var sources = Directory
            .GetFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText)
            .ToList();

        var named = Name().Matches(Repository.Read($"docs/{page}")).Select(match => match.Groups[1].Value).Distinct();

        Assert.DoesNotContain(named, name => !sources.Any(source => Regex.IsMatch(source, $@"\bclass {name}\b")));
    }

    [GeneratedRegex(@"`(\w+(?:Tests|Suite))`")]
    private static partial Regex Name();
}
