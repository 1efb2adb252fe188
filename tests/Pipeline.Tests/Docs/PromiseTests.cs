using System.Reflection;
using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>README makes numbered promises; the trait <c>Promise</c> says which tests defend each of them.</summary>
public sealed partial class PromiseTests
{
    private static readonly ILookup<string, string> Defenders = Tests()
        .SelectMany(test => PromisesOf(test).Select(promise => (promise, Name: Name(test))))
        .ToLookup(pair => pair.promise, pair => pair.Name);

    public static TheoryData<string> Promises => [.. Numbers()];

    [Theory]
    [MemberData(nameof(Promises))]
    public void EachPromiseIsDefendedByThreeTestsAtLeast(string promise) =>
        Assert.True(
            Defenders[promise].Count() >= 3,
            $"Promise {promise} is defended by: {string.Join(", ", Defenders[promise])}."
        );

    [Fact]
    public void ThePromisesAreNumberedFromOneWithoutGaps() =>
        Assert.Equal(Enumerable.Range(1, Numbers().Count).Select(n => $"{n}"), Numbers());

    [Fact]
    public void NoTestDefendsAPromiseThatNobodyMade() =>
        Assert.Empty(Defenders.Select(promise => promise.Key).Except(Numbers()));

    private static List<string> Numbers()
    {
        var section = Repository.Read("README.md").Split("\n## Promises\n")[1].Split("\n## ")[0];
        return [.. Promise().Matches(section).Select(match => match.Groups["number"].Value)];
    }

    private static IEnumerable<MethodInfo> Tests() =>
        typeof(PromiseTests)
            .Assembly.GetTypes()
            .SelectMany(
                type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(method => method.IsDefined(typeof(FactAttribute), inherit: true));

    private static IEnumerable<string> PromisesOf(MethodInfo test) =>
        test.GetCustomAttributes<TraitAttribute>()
            .Concat(test.DeclaringType!.GetCustomAttributes<TraitAttribute>())
            .Where(trait => trait.Name == "Promise")
            .Select(trait => trait.Value)
            .Distinct();

    private static string Name(MethodInfo test) => $"{test.DeclaringType!.Name}.{test.Name}";

    [GeneratedRegex(@"^(?<number>\d+)\. \*\*", RegexOptions.Multiline)]
    private static partial Regex Promise();
}
