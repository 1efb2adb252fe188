using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Urls;

namespace Pipeline.Tests.Intake;

/// <summary>Files from practice, in <c>Cases</c>, with their expected inputs.</summary>
public sealed class ListCasesTests
{
    [Theory]
    [InlineData("cr.txt", 3)]
    [InlineData("cr.csv", 2)]
    [InlineData("cr-mixed.txt", 3)]
    [InlineData("cr-mixed.csv", 2)]
    [InlineData("cr-comment2.txt", 3)]
    [InlineData("sep.csv", 2)]
    [InlineData("sep-one.csv", 2)]
    [InlineData("title-rows.csv", 2)]
    [InlineData("quoted.txt", 3)]
    [InlineData("bom-cat.txt", 4)]
    [InlineData("bom-cat.ndjson", 3)]
    [InlineData("bom-cat.csv", 2)]
    [InlineData("comma.csv", 3)]
    public async Task EveryUrlOfAFileIsAnInput(string file, int inputs)
    {
        foreach (var isNamed in new[] { true, false })
        {
            var world = new IntakeWorld();
            await (isNamed ? world.HandleFileAsync(file) : world.HandleAsync(Bytes(file)));
            Assert.Empty(world.Failures);
            Assert.Equal(inputs, world.Good.Count());
            Assert.All(world.Good, input =>
                Assert.StartsWith("https://a.example/", input.Url, StringComparison.Ordinal)
            );
            Assert.All(world.Good, input => Assert.DoesNotContain('"', input.Url));
        }
    }

    [Theory]
    [InlineData("cr.csv", "US", "DE")]
    [InlineData("cr-mixed.csv", "US", "DE")]
    [InlineData("sep.csv", "US", "DE")]
    [InlineData("title-rows.csv", "US", "DE")]
    [InlineData("bom-cat.csv", "US", "US")]
    public async Task TheColumnsOfAFileBecomeFields(string file, string first, string second)
    {
        var world = new IntakeWorld();
        await world.HandleFileAsync(file);
        Assert.Equal(
            [
                $$"""{"url":"https://a.example/1","country":"{{first}}"}""",
                $$"""{"url":"https://a.example/2","country":"{{second}}"}""",
            ],
            world.Good.Select(input => input.Input)
        );
    }

    [Theory]
    [InlineData("cr.txt", "1,2,3")]
    [InlineData("cr-mixed.txt", "2,3,4")]
    [InlineData("cr-comment2.txt", "1,3,4")]
    [InlineData("cr-mixed.csv", "2,3")]
    [InlineData("title-rows.csv", "4,5")]
    [InlineData("bom-cat.csv", "2,4")]
    public async Task AnInputHasItsLineNumber(string file, string lines)
    {
        var world = new IntakeWorld();
        await world.HandleFileAsync(file);
        Assert.Equal(lines, string.Join(',', world.Good.Select(input => input.Line)));
    }

    [Theory]
    [InlineData("countries.csv")]
    [InlineData("countries.csv.gz")]
    public async Task TheDetectedFormatHoldsWhateverTheNameOfTheCopy(string file)
    {
        var world = new IntakeWorld();
        const string Shared = """{"url":"https://a.example/"}""";
        var inspection = await ListInspector.InspectAsync(
            ListSource.Of(Bytes(file)) with
            {
                NameHint = file,
            },
            Shared,
            new(),
            cancellationToken: TestContext.Current.CancellationToken
        );
        world.Objects["s3://lists/in/copy.gz"] = Bytes(file);
        var pointer = new ListPointer("s3://lists/in/copy.gz", Shared, inspection.ListId, file)
        {
            Form = inspection.Form,
            ContentHash = inspection.ContentHash,
        };
        Assert.Equal(inspection.ListId, (await world.HandleAsync(pointer.ToMessage())).ListId);
        Assert.Equal(
            ["""{"country":"US","locale":"en-US"}""", """{"country":"FR","locale":"fr-FR"}"""],
            world.Good.Select(input => input.Input.Split(",\"tag\"")[0].TrimEnd('}') + "}")
        );
    }

    [Fact]
    public async Task AFileWithoutAUrlColumnIsRefusedWithItsColumnsAndTheLikelyOne()
    {
        var world = new IntakeWorld();
        var error = await Assert.ThrowsAsync<PipelineException>(() => world.HandleFileAsync("frog.csv"));
        Assert.Equal(
            "The CSV list has no column 'url'. Its columns are 'Address', 'Content Type', 'Status Code'. "
                + "Name the column that holds the URLs: --url-column Address",
            error.Message
        );
        world.AssertRefused(error.Message);
    }

    [Fact]
    public async Task AUrlWithAnInvisibleCharacterIsABadLineThatNamesIt()
    {
        var world = new IntakeWorld();
        await world.HandleFileAsync("zwsp.txt");
        Assert.Equal(["https://a.example/ok"], world.Good.Select(input => input.Url));
        Assert.Equal(
            [
                "U+200B, zero width space",
                "U+200B, zero width space",
                "U+200B, zero width space",
                "U+200B, zero width space",
                "U+2060, word joiner",
                "U+00AD, soft hyphen",
                "U+202A, left-to-right embedding",
            ],
            world.Failures.Values.OrderBy(failure => failure.Line).Select(failure => failure.Message.Split('(', ')')[1])
        );
    }

    [Theory]
    [InlineData("https://a.example/\U000E0041x", "U+E0041")]
    [InlineData("https://a.example/\u2028", "U+2028")]
    [InlineData("https://a.example/\u00a0x", "U+00A0")]
    [InlineData("https://a.example/\u0085x", "U+0085")]
    public void InvisibleCharactersAreRefusedInEveryPlane(string url, string character) =>
        Assert.Contains($"({character})", UrlRules.Check(url), StringComparison.Ordinal);

    [Fact]
    public void AMessageShowsInvisibleCharacters() =>
        Assert.Equal("<U+FEFF>a.example<U+202E> b", VisibleText.Of("\ufeffa.example\u202e b"));

    private static byte[] Bytes(string file) => Cases.Read(file);
}
