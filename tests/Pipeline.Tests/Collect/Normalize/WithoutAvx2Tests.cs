using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using Pipeline.Tests.Collect.Json;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect.Normalize;

/// <summary>Runs the tests of the vector code again as on a processor without AVX2.</summary>
[Trait("Promise", "4")]
public sealed class WithoutAvx2Tests
{
    private static readonly string[] Tested =
    [
        Name<Avx2SwitchTests>(nameof(Avx2SwitchTests.ASwitchThatIsOffIsObeyed)),
        Name<Utf8BlocksTests>(nameof(Utf8BlocksTests.TextWithOneChangedByteIsValidatedLikeTheLibrary)),
        Name<LineSeparatorsTests>("*"),
        Name<FuzzCorpusTests>(nameof(FuzzCorpusTests.EverySeedKeepsThePromises)),
        Name<InvalidResultTests>(
            nameof(InvalidResultTests.OnlyRawControlCharactersAreInvalidInALongString)),
        Name<InvalidResultTests>(nameof(InvalidResultTests.EveryByteAfterABackslashIsAnEscapeOrInvalid)),
        Name<ResultNormalizerTests>(nameof(ResultNormalizerTests.ConsecutiveBackslashesAreUnescapedAtEveryPosition)),
        Name<ResultNormalizerTests>(nameof(ResultNormalizerTests.TextAcrossABufferBoundaryStaysIntact)),
    ];

    [Fact]
    public async Task TheVectorCodeGivesTheSameResultsWithoutAvx2()
    {
        string[] arguments =
        [
            typeof(WithoutAvx2Tests).Assembly.Location, "--progress", "off", "--no-ansi",
            "--filter-method", .. Tested,
        ];
        var start = new ProcessStartInfo("dotnet", arguments);
        start.Environment[Avx2SwitchTests.Switch] = "0";

        var (exitCode, output, _) = await Programs.RunAsync(start);

        Assert.True(exitCode == 0, output);
    }

    private static string Name<T>(string test) => $"{typeof(T).FullName}.{test}";
}

/// <summary>Confirms in the child process that the switch took effect.</summary>
public sealed class Avx2SwitchTests
{
    internal const string Switch = "DOTNET_EnableAVX2";

    [Fact]
    public void ASwitchThatIsOffIsObeyed() =>
        Assert.False(Avx2.IsSupported && Environment.GetEnvironmentVariable(Switch) == "0");
}
