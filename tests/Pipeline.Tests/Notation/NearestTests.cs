using Pipeline.Notation;

namespace Pipeline.Tests.Notation;

/// <summary>Which name is suggested for a mistyped one, and when there is no suggestion.</summary>
public sealed class NearestTests
{
    private static readonly string[] Known =
        ["run", "status", "os", "Pipeline__Notify__Url", "Pipeline__Guards__MaxUrlsPerDay"];

    [Theory]
    [InlineData("rnu", "run")]
    [InlineData("STAUTS", "status")]
    [InlineData("Pipeline__Guards__MaxUrlPerDy", "Pipeline__Guards__MaxUrlsPerDay")]
    public void AMistypedNameGetsTheOneThatWasMeant(string name, string expected) =>
        Assert.Equal(expected, Nearest.Of(name, Known));

    [Theory]
    [InlineData("foo")]
    [InlineData("x")]
    [InlineData("Pipeline__Foo__Bar")]
    [InlineData("Pipeline__Guards__RefusedDomains")]
    public void AnotherNameGetsNone(string name) => Assert.Null(Nearest.Of(name, Known));

    [Fact]
    public void NothingIsSuggestedWhereNothingIsKnown() => Assert.Null(Nearest.Of("run", []));
}
