using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>docs/security.md names tests; each of them exists.</summary>
public sealed partial class SecurityPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "security.md"));

    [Fact]
    public void EveryTestThatThePageNamesExists()
    {
        var named = TestName().Matches(Page).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.InRange(named.Count, 30, 200);
        var known = typeof(SecurityPageTests).Assembly.GetTypes().Where(HasTests).Select(type => type.Name).ToHashSet();
        // The tests of the Functions host and of the dashboard are assemblies of their own.
        foreach (var project in new[] { "Pipeline.Functions.Tests", "Pipeline.Dashboard.Tests" })
            known.UnionWith(Directory.EnumerateFiles(
                Path.Combine(Repository.Root, "tests", project), "*Tests.cs", SearchOption.AllDirectories)
                .Select(file => Path.GetFileNameWithoutExtension(file)));
        Assert.Empty(named.Except(known));
    }

    [Fact]
    public void ThePageSaysForEachAttackWhatRepeatsIt()
    {
        var attacks = Attack().Matches(Page).ToDictionary(m => int.Parse(m.Groups[1].Value), m => m.Groups[2].Value);
        Assert.Equal(Enumerable.Range(1, 15), attacks.Keys.Order());
        Assert.All(attacks.Values, tests => Assert.Matches(TestName(), tests));
    }

    private static bool HasTests(Type type) =>
        type is { IsAbstract: false }
            && type.GetMethods().Any(method => method.GetCustomAttributes(inherit: true).OfType<FactAttribute>().Any());

    [GeneratedRegex("`([A-Za-z]+Tests)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^\| (\d+)\. .* \| (.*) \|$", RegexOptions.Multiline)]
    private static partial Regex Attack();
}
