extern alias fuzz;
using Pipeline.Model;
using Pipeline.Tests.Fuzz;

using fuzz::Pipeline.Fuzz;

namespace Pipeline.Tests.Collect;

/// <summary>
/// Runs the fuzzer's corpus without the fuzzer: every seed, and mutations of seeds that are the same in every run
/// (docs/fuzzing.md).
/// </summary>
[Trait("Promise", "4")]
public sealed class FuzzCorpusTests
{
    public static TheoryData<string> Seeds => [.. SeedFiles.Select(f => Path.GetFileName(f))];

    private static string[] SeedFiles { get; } =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "corpus")).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void EverySeedKeepsThePromises(string seed)
    {
        var reason = NormalizerTarget.Check(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "corpus", seed)));
        Assert.Equal(
            seed.Split('.')[0] switch
            {
                "plain" or "whole" or "stored-block" or "members" or "long-header" or "escapes" or "surrogate"
                    or "surprises"
                    or "wrapped-list" or "wrapped-results" or "sdk" or "nested" or "layers" => null,
                "several" or "duplicate" or "not-utf8" or "not-utf8-at-cut-end" or "nul-escaped" =>
                    FailureReasons.ResultInvalid,
                "deep" or "four-layers" => FailureReasons.LimitExceeded,
                _ => FailureReasons.ObjectDamaged,
            },
            reason);
    }

    [Fact]
    public void MutatedSeedsKeepThePromises()
    {
        var seeds = SeedFiles.Select(File.ReadAllBytes).ToArray();
        var outcomes = new Dictionary<string, int>();
        for (var n = 0; n < 20_000; n++)
        {
            var reason = NormalizerTarget.Check(ChangedSeed.Make(seeds, new Random(n))) ?? "taken";
            outcomes[reason] = outcomes.GetValueOrDefault(reason) + 1;
        }
        // Otherwise the mutations would not reach the code under test.
        Assert.All(
            [FailureReasons.ObjectDamaged, FailureReasons.ResultInvalid, FailureReasons.LimitExceeded, "taken"],
            reason => Assert.InRange(outcomes.GetValueOrDefault(reason), 100, 15_000));
    }
}
