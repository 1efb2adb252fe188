using Xunit.Sdk;
using Xunit.v3;

namespace Pipeline.Tests;

/// <summary>
/// Starts the classes that take longest first: one that started last would run on alone when all others have ended.
/// </summary>
public sealed class SlowestFirst : ITestCollectionOrderer
{
    // Those that start processes and wait for time to pass. A class counts for the first part of its name that fits.
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
