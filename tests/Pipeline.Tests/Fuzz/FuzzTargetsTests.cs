extern alias fuzz;
using fuzz::Pipeline.Fuzz;

namespace Pipeline.Tests.Fuzz;

/// <summary>
/// Runs the corpus of every entry point without the fuzzer: each seed, and mutations of seeds (docs/fuzzing.md). The
/// corpus of results, where the outcome of each seed is known, has tests of its own.
/// </summary>
[Trait("Promise", "9")]
public sealed class FuzzTargetsTests
{
    private static readonly string Corpus = Path.Combine(AppContext.BaseDirectory, "corpus");

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Keys.Except(["results"])];

    public static TheoryData<string, string> Seeds =>
        [.. Targets.SelectMany(target => FilesOf(target.Data).Select(file => (target.Data, Path.GetFileName(file))))];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void EverySeedKeepsThePromises(string target, string seed) =>
        FuzzTargets.All[target](File.ReadAllBytes(Path.Combine(Corpus, target, seed)));

    [Theory]
    [MemberData(nameof(Targets))]
    public void MutatedSeedsKeepThePromises(string target)
    {
        var seeds = FilesOf(target).Select(File.ReadAllBytes).ToArray();
        var accepted = 0;
        const int Changes = 5_000;
        for (var n = 0; n < Changes; n++)
            accepted += FuzzTargets.All[target](ChangedSeed.Make(seeds, new Random(n))) is null ? 1 : 0;
        // Otherwise the mutations would not reach the code under test.
        Assert.InRange(accepted, Changes / 50, Changes - (Changes / 50));
    }

    private static IEnumerable<string> FilesOf(string target) =>
        Directory.GetFiles(Path.Combine(Corpus, target)).Order(StringComparer.Ordinal);
}
