using System.Text;
using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Tests.Intake.Reading;

[Trait("Promise", "1")]
public sealed class BadLineTests
{
    public static TheoryData<string, string> BadItems => new()
    {
        { "ftp://a.example", "is not an absolute http or https URL" },
        { "/path", "is not an absolute http or https URL" },
        { "https://", "has no valid host" },
        { "https:///path", "has no valid host" },
        { "https://?q", "has no valid host" },
        { "http://[::1", "has no valid host" },
        { "https://a.example:99999/", "has no valid host" },
        { "https://a.example/a b", "contains a space or an invisible character (U+0020)" },
        { "https://a.example/a\tb", "contains a space or an invisible character (U+0009)" },
        { "https://a.example/\u00a0", "" },
        { "https://a.example/\u3000x", "contains a space or an invisible character (U+3000)" },
        { "https://a.example/\u0001", "contains a space or an invisible character (U+0001)" },
    };

    [Theory]
    [MemberData(nameof(BadItems))]
    public async Task AnInvalidUrlIsABadLineInEveryFormat(string url, string expected)
    {
        // White space that is trimmed is not an error.
        var invalid = expected.Length > 0 ? 1 : 0;
        var json = JsonSerializer.Serialize(url);
        string[] lists =
        [
            $"https://good.example\n{url}\n",
            $"url\nhttps://good.example\n{url}\n",
            $"\"https://good.example\"\n{json}\n",
            $"[\"https://good.example\",{{\"url\":{json}}}]",
            $"{{\"inputs\":[\"https://good.example\",{json}]}}",
        ];
        foreach (var list in lists)
        {
            var world = new IntakeWorld();
            Assert.Equal(invalid, (await world.HandleAsync(list)).Invalid);
            Assert.All(world.Failures.Values, f => Assert.Contains(expected, f.Message, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("http://a.example:8080")]
    [InlineData("HTTPS://A.Example/%zz?a[]=1&b={}|\\^`\"<>")]
    [InlineData("https://user:pass@a.example/")]
    [InlineData("http://[2001:db8::1]:80/x")]
    [InlineData("https://bücher.example/straße?q=日本語#🙂")]
    [InlineData("http://127.0.0.1/")]
    [InlineData("https://my_host./")]
    public async Task AUrlIsKeptByteForByte(string url)
    {
        var world = new IntakeWorld();
        world.Options.Intake.AllowPrivate = true;
        await world.HandleAsync(JsonSerializer.Serialize(new[] { url }));
        Assert.Equal((url, InputState.Waiting), (Assert.Single(world.Inputs).Url, world.Inputs.Single().State));
        Assert.Equal(url, JsonElement.Parse(world.Inputs.Single().Input).GetProperty("url").GetString());
    }

    [Fact]
    public async Task BadLinesFailAloneWithTheirLineNumbers()
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync("# list\nhttps://a.example\nnonsense\n\nhttps://b.example\nftp://x\n");
        Assert.Equal((4L, 2L, 2, 0L), (list.Inputs, list.Invalid, list.Submissions, list.Duplicates));
        var bad = world.Inputs.Where(i => i.State == InputState.Failed).ToList();
        Assert.Equal([(3L, "\"nonsense\""), (6L, "\"ftp://x\"")], bad.Select(i => (i.Line, i.Input)));
        Assert.Equal(world.Failures.Keys.Order(), bad.Select(i => i.Id).Order());

        var failure = world.Failures[bad[0].Id];
        Assert.Equal(
            ("intake", "invalid_input", 3L, "", false),
            (failure.Stage, failure.Reason, failure.Line, failure.Url, failure.Retryable));
        Assert.Equal(
            "Line 3 of the list is not a valid input: 'nonsense' is not an absolute http or https URL. Correct it and "
                + "submit it in a new list.",
            failure.Message);
        Assert.Equal("nonsense", failure.InputText);
        var submission = world.Ledger.Submissions[bad[0].SubmissionId];
        Assert.Equal(
            (SubmissionState.Closed, 2, 2, 0, null),
            (submission.State, submission.Count, submission.Failures, submission.Records, submission.DueAt));
        Assert.Equal([$"{list.ListId}-000000"], world.Sent);
        Assert.Equal($"{list.ListId}-000001", submission.SubmissionId);
    }

    [Fact]
    public async Task ItemsThatAreNotInputsAreBadItems()
    {
        var world = new IntakeWorld();
        var items = new (string Json, string Expected)[]
        {
            ("7", "it is neither a URL nor an input object"),
            ("null", "it is neither a URL nor an input object"),
            ("[\"https://a.example\"]", "it is neither a URL nor an input object"),
            ("{}", "it has no 'url', and neither does shared_inputs"),
            ("{\"url\":null}", "'url' is not a string"),
            ("{\"url\":[\"https://a.example\"]}", "'url' is not a string"),
            ("{\"url\":\"https://a.example\",\"storage_url\":\"s3://x/\"}",
                "'storage_url' is a delivery field, which the pipeline sets itself"),
            ("{\"url\":\"https://a.example\",\"callback_url\":\"https://x\"}",
                "'callback_url' is a delivery field, which the pipeline sets itself"),
            ("{\"url\":\"https://a.example\",\"country\":\"US\",\"country\":\"FR\"}", "it has the same field twice"),
            ("{\"url\":\"https://a.example\",\"tag\":\"\\ud800\"}", "half of a surrogate pair"),
            ("\"https://a.example/\\udc00\"", "half of a surrogate pair"),
            ("\"\"", "the URL is empty"),
        };
        var list = await world.HandleAsync(
            $"[\"https://good.example\",{string.Join(",\n", items.Select(i => i.Json))}]");
        Assert.Equal(items.Length, list.Invalid);
        var failures = world.Failures.Values.OrderBy(f => f.Line).ToList();
        Assert.Equal(Enumerable.Range(2, items.Length).Select(n => (long?)n), failures.Select(f => f.Line));
        Assert.All(items.Zip(failures), x =>
        {
            Assert.Contains(x.First.Expected, x.Second.Message, StringComparison.Ordinal);
            Assert.StartsWith("Item ", x.Second.Message, StringComparison.Ordinal);
            Assert.Equal(x.First.Json, x.Second.InputText);
        });
    }

    [Fact]
    public async Task BadCsvRowsFailAloneAndAnOpenQuoteCostsOnlyItsLine()
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync(
            "url,country,request_timeout,parser,\n"
            + "https://a.example,US,,,\n"
            + "\"https://b.example,US,,,\n"
            + "https://c.example,US,soon,,\n"
            + "https://d.example,US,,{broken,\n"
            + "https://e.example,US,,,x\n"
            + "https://f.example,US,,,,,y\n"
            + "\"https://g.example\"x,US\n"
            + ",US,,,\n"
            + ",,,,\n"
            + "https://h.example,\"two\nlines\",,,\n"
            + "ftp://i.example\n"
            + "https://j.example");
        Assert.Equal(["https://a.example", "https://h.example", "https://j.example"], world.Good.Select(i => i.Url));
        Assert.Equal([2L, 11L, 14L], world.Good.Select(i => i.Line));
        Assert.Equal([3L, 4L, 5L, 6L, 7L, 8L, 9L, 13L], world.Failures.Values.Select(f => f.Line!.Value).Order());
        Assert.Equal(8, list.Invalid);
    }

    [Fact]
    public async Task BadNdjsonLinesFailAlone()
    {
        var world = new IntakeWorld();
        await world.HandleAsync(
            "{\"url\":\"https://a.example\"}\n{\"url\":\"https://b.example\"\n{\"url\":\"https://"
                + "c.example\"}{}\n\"https://d.example\"\nhttps://e.example\n");
        Assert.Equal(["https://a.example", "https://d.example", "https://e.example"], world.Good.Select(i => i.Url));
        Assert.Equal([2L, 3L], world.Failures.Values.Select(f => f.Line!.Value).Order());
    }

    /// <summary>Output of <c>jq</c>: objects over several lines are items, and an invalid item fails alone.</summary>
    [Theory]
    [InlineData("list.json")]
    [InlineData("list.jsonl")]
    public async Task ABadObjectOfSeveralLinesFailsAlone(string name)
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/" + name] = Encoding.UTF8.GetBytes(
            "{\n  \"url\": \"https://a.example\"\n}\n{\n  \"url\": 7\n}\n{\n  \"url\": \"https://c.example\"\n}\n");
        await world.HandleAsync($$"""{"source":"s3://lists/in/{{name}}"}""");
        Assert.Equal(
            [("https://a.example", 1L), ("https://c.example", 3L)], world.Good.Select(i => (i.Url, i.Line)));
        Assert.StartsWith(
            "Item 2 of the list is not a valid input: 'url' is not a string.",
            Assert.Single(world.Failures.Values).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\n\"url\":\"https://a.example\"}\n[]", "line 3, column 1: text follows the end of")]
    [InlineData("{\n\"url\":\"https://a.example\"}\n{\n\"url\":\"https", "line 3, column 1: the value that starts")]
    public async Task ObjectsOfSeveralLinesThatAreNoJsonAreRefusedWithTheirPlace(string list, string expected)
    {
        var error = await Assert.ThrowsAsync<PipelineException>(() => new IntakeWorld().HandleAsync(list));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TextThatIsNotUtf8FailsAloneInEveryForm()
    {
        string[] lists =
        [
            "https://a.example\nhttps://b.example/~\n",
            "url,country\nhttps://a.example,US\nhttps://b.example/~,US\n",
            "{\"url\":\"https://a.example\"}\n{\"url\":\"https://b.example/~\"}\n",
            "[\"https://a.example\",\n\"https://b.example/~\"]",
        ];
        foreach (var text in lists)
        {
            var world = new IntakeWorld();
            var bytes = Encoding.UTF8.GetBytes(text);
            bytes[Array.IndexOf(bytes, (byte)'~')] = 0xE9;
            Assert.Equal(1, (await world.HandleAsync(bytes)).Invalid);
            Assert.Contains(
                "it is not UTF-8 text", Assert.Single(world.Failures.Values).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(8192, 0)]
    [InlineData(8193, 1)]
    public async Task AUrlMayHave8192Bytes(int length, int invalid)
    {
        var world = new IntakeWorld();
        var url = "https://a.example/".PadRight(length, 'x');
        Assert.Equal(invalid, (await world.HandleAsync($"https://good.example\n{url}")).Invalid);
    }

    [Fact]
    public async Task AnItemThatIsTooLongIsABadLineWhateverItsContent()
    {
        var filler = new string('x', 300_000);
        string[] lists =
        [
            $"https://a.example\nhttps://b.example/{filler}\nhttps://c.example",
            $"url,tag\nhttps://a.example,\nhttps://b.example,{filler}\nhttps://c.example,\n",
            $"url,tag\nhttps://a.example,\nhttps://b.example,\"{filler}\"\nhttps://c.example,\n",
            $"\"https://a.example\"\n{{\"url\":\"https://b.example\",\"tag\":\"{filler}\"}}\n\"https://c.example\"\n",
            $"[\"https://a.example\",{{\"url\":\"https://b.example\",\"tag\":\"{filler}\\\"]}}\","
                + $"\"x\":[{{}}]}},\"https://c.example\"]",
            $"{{\"inputs\":[\"https://a.example\",[\"{filler}\",\"{filler}\"],{{\"url\":\"https://c.example\"}}]}}",
        ];
        foreach (var list in lists)
        {
            var world = new IntakeWorld();
            await world.HandleAsync(list);
            Assert.Equal(["https://a.example", "https://c.example"], world.Good.Select(i => i.Url));
            var failure = Assert.Single(world.Failures.Values);
            Assert.Contains(
                "it is longer than 65,536 bytes (Intake:MaxItemBytes)", failure.Message, StringComparison.Ordinal);
            Assert.True(failure.InputText!.Length <= 1024);
        }
    }
}
