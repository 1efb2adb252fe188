using Xunit.Sdk;
using Xunit.v3;

namespace Pipeline.Tests;

/// <summary>Starts the slowest classes first: a slow class that starts last would run alone at the end.</summary>
public sealed class SlowestFirst : ITestCollectionOrderer
{
    // These start processes or wait for time to pass. The first part that a class's name contains is its rank.
    private static readonly string[] Slow =
    [
        ".EndToEnd.Kill", ".EndToEnd.", ".Drills.", ".Records.Sample", ".Cli.", ".Export.", ".Docs.", ".Infra.",
        ".Stores.Azure.",
    ];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Rank(collection.TestCollectionDisplayName))];

    private static int Rank(string name)
    {
        var rank = Array.FindIndex(Slow, part => name.Contains(part, StringComparison.Ordinal));
        return rank < 0 ? Slow.Length : rank;
    }
}
