using System.Text;
using Pipeline.Model;

namespace Pipeline.Tests.Intake.Reading;

public sealed class ListFormTests
{
    private const string A = "https://a.example/?x=1&y=%20#f";
    private const string B = "http://b.example:8080/p,q";

    public static TheoryData<string, string> Forms => new()
    {
        { "text", $"{A}\n{B}\n" },
        { "text with comments, blanks, CRLF and no last line end", $"# a list\r\n\r\n  {A}  \r\n   # more\r\n{B}" },
        { "text with a byte order mark", $"\uFEFF{A}\n{B}" },
        { "CSV", $"url\n{A}\n\"{B}\"\n" },
        { "CSV with a byte order mark, CRLF, a comment and a blank line",
            $"\uFEFF# mine\r\nURL\r\n\r\n{A}\r\n\"{B}\"" },
        { "CSV with a quoted header", $"\"url\",\"country\"\n\"{A}\",\n\"{B}\",\"\"\n" },
        { "TSV", $"url\tcountry\n{A}\t\n{B}\t\n" },
        { "CSV with semicolons", $"country;url\n;{A}\n;{B}\n" },
        { "CSV with a quoted header and bars", $"\"country\"|\"url\"\n|{A}\n\"\" | \"{B}\" \n" },
        { "NDJSON of strings", $"\"{A}\"\n\"{B}\"\n" },
        { "NDJSON of objects", $"{{\"url\":\"{A}\"}}\r\n\r\n{{ \"url\" : \"{B}\" }}" },
        { "NDJSON of both", $"{{\"url\":\"{A.Replace("&", "\\u0026", StringComparison.Ordinal)}\"}}\n\"{B}\"" },
        { "NDJSON with a comma after each line", $"{{\"url\":\"{A}\"}},\n\"{B}\" , \n" },
        { "objects on several lines", $"{{\n  \"url\": \"{A}\"\n}}\n{{\r\n  \"url\": \"{B}\"\r\n}}\r\n" },
        { "objects on several lines with commas", $"{{\n\"url\":\"{A}\"}},\n{{\"url\":\n\"{B}\"}},\n" },
        { "JSON array", $"[\"{A}\",\n {{\"url\": \"{B}\"}}]" },
        { "JSON array with a byte order mark", $"\uFEFF [ {{\"url\":\"{A}\"}} , \"{B}\" ] \n" },
        { "batch body", $"{{\"inputs\":[{{\"url\":\"{A}\"}},\"{B}\"]}}" },
        { "batch body with empty defaults before", $"{{\"shared_inputs\":{{}},\"inputs\":[\"{A}\",\"{B}\"]}}" },
        { "batch body with an id", $"{{\"list_id\":\"x\",\"inputs\":[\"{A}\",\"{B}\"]}}" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task EveryFormatGivesTheSameInputs(string form, string text)
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync(text);
        Assert.Equal((form, 2L, 0L, ListState.Open), (form, list.Inputs, list.Invalid, list.State));
        Assert.Equal([A, B], world.Inputs.Select(i => i.Url));
        Assert.Equal([$$"""{"url":"{{A}}"}""", $$"""{"url":"{{B}}"}"""], world.Inputs.Select(i => i.Input));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task EveryFormatMayBeGzippedAndPointedTo(string form, string text)
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/list.gz"] = IntakeWorld.Gzip(Encoding.UTF8.GetBytes(text));
        var list = await world.HandleAsync("""{"source":"s3://lists/in/list.gz"}""");
        Assert.Equal((form, "list.gz"), (form, list.Source));
        Assert.Equal([A, B], world.Inputs.Select(i => i.Url));
    }

    [Fact]
    public async Task SeveralGzipFilesInOneAreOneList()
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/two.gz"] =
            [
                .. IntakeWorld.Gzip(Encoding.UTF8.GetBytes(A + "\n")),
                .. IntakeWorld.Gzip(Encoding.UTF8.GetBytes(B + "\n"))];
        await world.HandleAsync("""{"source":"s3://lists/in/two.gz"}""");
        Assert.Equal([A, B], world.Inputs.Select(i => i.Url));
    }

    [Fact]
    public async Task CsvCellsGetTheTypesTheApiExpects()
    {
        var world = new IntakeWorld();
        await world.HandleAsync("""
            url,country,render,formats,request_timeout,parser,tag,parse
            https://a.example,US,true,html;markdown,30000,"{""type"":""schema"",""n"":1}",007,FALSE
            https://b.example,,auto,"[""html""]",,,true,
            https://c.example,"A ""quoted"", b",,html|text,1.5,,,
            """);
        Assert.Equal(
            [
                """{"url":"https://a.example","country":"US","render":true,"formats":"""
                    + """["html","markdown"],"request_timeout":30000,"parser":{"type":"schema","n":"""
                    + """1},"tag":"007","parse":false}""",
                """{"url":"https://b.example","render":"auto","formats":["html"],"tag":"true"}""",
                """{"url":"https://c.example","country":"A \"quoted\", b","formats":"""
                    + """["html","text"],"request_timeout":1.5}""",
            ],
            world.Inputs.Select(i => i.Input));
    }

    [Fact]
    public async Task ExtractionFieldsPassThroughUnchanged()
    {
        var world = new IntakeWorld();
        const string Item =
            """{"headers":{"b":1,"a":[1.0,2e3,null]},"url":"https://a.example/ü/\"q\"","new_field":"é\n","big":"""
                + """12345678901234567890.10}""";
        await world.HandleAsync($"[{Item}]");
        Assert.Equal(Item, Assert.Single(world.Inputs).Input);
    }

    [Fact]
    public async Task SharedInputsMayFollowTheItemsAndContainTheUrl()
    {
        var world = new IntakeWorld();
        await world.HandleAsync(
            """{"inputs":[{"country":"US"},{"country":"FR"}],"shared_inputs":{"url":"https://a.example","render":"""
                + """true}}""");
        Assert.Equal(["https://a.example", "https://a.example"], world.Inputs.Select(i => i.Url));
        Assert.Equal(
            """{"render":true,"url":"https://a.example"}""",
            Assert.Single(world.Ledger.Submissions).Value.SharedInputs);
    }

    [Theory]
    [InlineData("countries.csv", "country,locale\nUS,en-US\nFR,fr-FR\n")]
    [InlineData("countries.ndjson", "{\"country\":\"US\"}\n{\"country\":\"FR\"}\n")]
    [InlineData("countries.json", "[{\"country\":\"US\"},{\"country\":\"FR\"}]")]
    public async Task AListWithoutUrlsUsesTheUrlFromOutside(string name, string text)
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/" + name] = Encoding.UTF8.GetBytes(text);
        await world.HandleAsync(
            $$$"""{"source":"s3://lists/in/{{{name}}}","shared_inputs":{"url":"https://a.example"}}""");
        Assert.Equal(2, world.Good.Count(i => i.Url == "https://a.example"));
    }

    [Fact]
    public async Task SharedInputsFromOutsideOverrideTheListsOwn()
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/a.json"] =
            """{"inputs":["https://a.example"],"shared_inputs":{"country":"CA","render":true}}"""u8.ToArray();
        await world.HandleAsync(
            """{"source":"s3://lists/in/a.json","shared_inputs":{"country":"US","formats":["html"]}}""");
        Assert.Equal(
            """{"country":"US","formats":["html"],"render":true}""",
            Assert.Single(world.Ledger.Submissions).Value.SharedInputs);
    }

    [Theory]
    [InlineData("urls.csv", "https://a.example\nhttps://b.example\n")]
    [InlineData("urls.txt", "https://a.example\nhttps://b.example\n")]
    [InlineData("urls.json", "{\"url\":\"https://a.example\"}\n{\"url\":\"https://b.example\"}\n")]
    public async Task TheContentDecidesIfTheNameIsWrong(string name, string text)
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/" + name] = Encoding.UTF8.GetBytes(text);
        await world.HandleAsync($$"""{"source":"s3://lists/in/{{name}}"}""");
        Assert.Equal(["https://a.example", "https://b.example"], world.Inputs.Select(i => i.Url));
    }
}
