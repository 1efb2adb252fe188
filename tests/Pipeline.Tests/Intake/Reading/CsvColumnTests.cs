using System.Text;
using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Model;

namespace Pipeline.Tests.Intake.Reading;

public sealed class CsvColumnTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task KnownColumnNamesIgnoreCaseAndOtherColumnsStayWithTheInput()
    {
        var world = new IntakeWorld();
        await world.HandleAsync(
            "URL,Country,SKU,Stock Level\nhttps://a.example/1,US,007,true\nhttps://a.example/2,,8,\n"
        );
        Assert.Equal(
            ["""{"url":"https://a.example/1","country":"US"}""", """{"url":"https://a.example/2"}"""],
            world.Good.Select(input => input.Input)
        );
        Assert.Equal(
            ["""{"SKU":"007","Stock Level":"true"}""", """{"SKU":"8"}"""],
            world.Good.Select(input => input.Kept)
        );
    }

    [Fact]
    public async Task AWarningNamesTheColumnsThatAreNotSent()
    {
        Assert.Equal(
            [
                "'SKU', 'Stock Level' are not extraction fields: they stay in the 'input' of each record and are not "
                    + "sent to Nimble.",
            ],
            (await InspectAsync("URL,Country,SKU,Stock Level\nhttps://a.example/1,US,7,1\n")).Warnings
        );
        Assert.Equal(
            ["'sku' is not an extraction field: it stays in the 'input' of each record and is not sent to Nimble."],
            (await InspectAsync("url,sku\nhttps://a.example/1,7\n")).Warnings
        );
        Assert.Empty((await InspectAsync("url,country\nhttps://a.example/1,US\n")).Warnings);
    }

    [Fact]
    public async Task RowsThatDifferOnlyInAKeptColumnAreDifferentInputs()
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync(
            "url,sku\nhttps://a.example/1,7\nhttps://a.example/1,8\nhttps://a.example/1,8\n"
        );
        Assert.Equal((2L, 1L), (list.Inputs, list.Duplicates));
        Assert.Equal(2, world.Good.Select(input => input.Id).Distinct().Count());
        Assert.Equal(
            world.Good.Select(input => $$"""{"url":"https://a.example/1","tag":"{{input.Id}}"}"""),
            world.Good.Select(input => input.Input)
        );
    }

    [Fact]
    public async Task TheFailureOfARowIncludesItsKeptColumns()
    {
        var world = new IntakeWorld();
        world.Options.Guards.RefusedDomains.Add("a.example");
        await world.HandleAsync("url,country,sku\nhttps://a.example/1,US,7\n");
        Assert.Equal(
            """{"url":"https://a.example/1","country":"US","sku":"7"}""",
            Assert.Single(world.Failures.Values).Input.ToString()
        );
    }

    [Theory]
    [InlineData("product_url,name\nhttps://a.example/1,x\n", "product_url")]
    [InlineData("Title;Link\nx;https://a.example/1\n", "Link")]
    [InlineData("\"loc\"\t\"lastmod\"\nhttps://a.example/1\t2024\n", "loc")]
    [InlineData("id,Landing page URL\n1,https://a.example/1\n", "'Landing page URL'")]
    [InlineData("a,b\n1,https://a.example/1\n", "NAME")]
    public async Task AListWithoutAUrlColumnIsRefusedWithItsColumnsAndASuggestion(string text, string suggested)
    {
        var error = await Assert.ThrowsAsync<PipelineException>(() => InspectAsync(text));
        Assert.StartsWith(
            "The CSV list has no column 'url'. Its columns are '",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            $"Name the column that holds the URLs: --url-column {suggested}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheUrlColumnCanBeNamedInTheMessage()
    {
        var world = new IntakeWorld();
        const string Text = "Title,Link\nx,https://a.example/1\ny,https://a.example/2\n";
        world.Objects["s3://lists/in/copy"] = Encoding.UTF8.GetBytes(Text);
        var inspection = await InspectAsync(Text, "link");
        var pointer = new ListPointer("s3://lists/in/copy", ListId: inspection.ListId)
        {
            Form = inspection.Form,
            UrlColumn = "link",
            ContentHash = inspection.ContentHash,
        };
        await world.HandleAsync(pointer.ToMessage());
        Assert.Equal(
            ["""{"url":"https://a.example/1"}""", """{"url":"https://a.example/2"}"""],
            world.Good.Select(input => input.Input)
        );
        Assert.Equal(["""{"Title":"x"}""", """{"Title":"y"}"""], world.Good.Select(input => input.Kept));
    }

    [Fact]
    public async Task AMissingUrlColumnIsRefused()
    {
        var error = await Assert.ThrowsAsync<PipelineException>(() =>
            InspectAsync("url,name\nhttps://a.example/1,x\n", "link")
        );
        Assert.StartsWith(
            "The CSV list has no column 'link'. Its columns are 'url', 'name'.",
            error.Message,
            StringComparison.Ordinal
        );
        var twice = await Assert.ThrowsAsync<PipelineException>(() =>
            InspectAsync("url,link\nhttps://a.example/1,https://b.example\n", "link")
        );
        Assert.Contains("the column 'url' twice", twice.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("contry=US", "'contry' is not an extraction field. Did you mean 'country'?")]
    [InlineData("Formts=html", "'Formts' is not an extraction field. Did you mean 'formats'?")]
    [InlineData("zzzzzz=1", "'zzzzzz' is not an extraction field.")]
    public void AMistypedSharedInputIsRefusedWithASuggestion(string pair, string expected) =>
        Assert.Equal(expected, Assert.Throws<PipelineException>(() => SharedInputs.FromPairs([pair])).Message);

    [Fact]
    public void NamesOfSharedInputsIgnoreCase() =>
        Assert.Equal(
            """{"country":"US","url":"https://a.example/"}""",
            SharedInputs.FromPairs(["Country=US", "URL=https://a.example/"])
        );

    [Theory]
    [InlineData("Report\nurl,country\nhttps://a.example/1,US\n", 1, 3)]
    [InlineData("Report\n\n# x\nmade,by,us\nurl;country\nhttps://a.example/1;US\n", 2, 6)]
    public async Task LinesAboveTheHeaderAreSkippedWithAWarning(string text, int skipped, int line)
    {
        var world = new IntakeWorld();
        await world.HandleAsync(text);
        Assert.Equal(
            (line, """{"url":"https://a.example/1","country":"US"}"""),
            ((int)world.Good.Single().Line, world.Good.Single().Input)
        );
        Assert.Contains(
            $"{skipped} line{(skipped == 1 ? "" : "s")} above the header row",
            Assert.Single((await InspectAsync(text)).Warnings),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("http://www.tvl.example/,NLD,Leuven\nhttp://www.ltv.example/,ARA,National\nhttps://a.example/\n", true)]
    [InlineData("http://www.tvl.example/,NLD,Leuven\nhttp://www.ltv.example/,\n", true)]
    [InlineData("http://www.tvl.example/,NLD,Leuven\nhttp://www.ltv.example/;DE\nhttps://a.example/|\n", true)]
    [InlineData("https://a.example/;jsessionid=1A\nhttps://a.example/;v=2\n", false)]
    [InlineData("https://a.example/topic,21397.0.html\nhttps://a.example/map@52.5,13.4,15z\n", false)]
    [InlineData("https://a.example/?q=one,two\nhttps://a.example/1\nhttps://a.example/2\n", false)]
    public async Task CsvRowsWithoutAHeaderCauseAWarning(string text, bool isWarned)
    {
        var list = await InspectAsync(text);
        Assert.Equal(
            isWarned,
            list.Warnings.Any(warning =>
                warning.StartsWith(
                    "Most lines look like rows of a CSV list without its header, such as line 1: "
                        + "'http://www.tvl.example/,NLD,Leuven'.",
                    StringComparison.Ordinal
                )
            )
        );
    }

    [Theory]
    [InlineData("https://a.example/?a=1&amp;b=2\nhttps://a.example/?a=1&b=2\n", "1 URL has '&amp;'", "It is")]
    [InlineData(
        "url,sku\nhttps://a.example/?a=1&amp;b=2,1\nhttps://a.example/?a=1&amp;b=3,2\n", "2 URLs have", "They are")]
    public async Task AUrlThatWasCopiedFromMarkupCausesAWarning(string text, string count, string many)
    {
        var warning = (await InspectAsync(text)).Warnings[^1];
        Assert.StartsWith(count, warning, StringComparison.Ordinal);
        Assert.EndsWith(
            $"such as 'https://a.example/?a=1&amp;b=2'. {many} posted as written. If that is wrong, submit a corrected "
                + @"list: sed 's/&amp;/\&/g' LIST > urls.txt",
            warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AUrlAboveTheHeaderMakesItAPlainList()
    {
        var world = new IntakeWorld();
        await world.HandleAsync("https://a.example/1\nurl\nhttps://a.example/2\n");
        Assert.Equal(["https://a.example/1", "https://a.example/2"], world.Good.Select(input => input.Url));
        Assert.Equal(2, Assert.Single(world.Failures.Values).Line);
    }

    private static Task<ListInspection> InspectAsync(string text, string? urlColumn = null) =>
        ListInspector.InspectAsync(
            ListSource.Of(Encoding.UTF8.GetBytes(text)) with
            {
                UrlColumn = urlColumn,
            },
            null,
            new(),
            cancellationToken: Token
        );
}
