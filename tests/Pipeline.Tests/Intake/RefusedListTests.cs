using System.Text;
using Pipeline.Model;

namespace Pipeline.Tests.Intake;

public sealed class RefusedListTests
{
    public static TheoryData<string, string> Malformed => new()
    {
        { "[\"https://a.example\",\n  \"https://b.example\"", "line 2, column 22: the list ends too early" },
        { "[\"https://a.example\",]", "line 1, column 22: expected a value" },
        { "[\"https://a.example\"\n\"https://b.example\"]", "line 2, column 1: expected ',' or ']'" },
        { "[\"https://a.example\"]\n]", "line 2, column 1: text follows the end" },
        { "[\"https://a.example\",\n {\"url\":\"https://b.example\",}]", "line 2, column 29: " },
        { "[\"https://a.example\", {\"url\":\"https://b.example\"]", "line 1, column 49: " },
        { "[\"https://a.example\", {\"url\":\"https://b.example]", "line 1, column 23: the value "
            + "that starts here has no end" },
        { "{\"inputs\":[\"https://a.example\"],\n\"inputs\":[]}", "line 2, column 1: 'inputs' appears twice" },
        { "{\"inputs\":[\"https://a.example\"]", "line 1, column 32: the list ends too early" },
        { "{\"inputs\":\"https://a.example\"}", "line 1, column 11: expected '[' ('inputs' is an array)" },
        { "{\"inputs\":[\"https://a.example\"] \"shared_inputs\":{}}", "line 1, column 33: expected ',' or '}'" },
        { "{\"inputs\":[\"https://a.example\"],\"shared_inputs\":{\"render\":tru}}", "line 1, column 62: " },
        { "{\n\"url\":\"https://a.example\",\n}", "line 3, column 1: " },
        { "[\"https://a.example\", tru]", "line 1, column 26: " },
    };

    public static TheoryData<string, string> Refused => new()
    {
        { "", "The list has no URL." },
        { "# nothing\n\n", "The list has no URL." },
        { "[]", "The list has no URL." },
        { "{\"inputs\":[]}", "The list has no URL." },
        { "a.example\nb.example", " line 1: 'a.example' is not an absolute http or https URL; line 2:" },
        { "{\"inputs\":[{\"country\":\"US\"}]}", " item 1: it has no 'url', and neither does shared_inputs" },
        { "{\"shared_inputs\":{\"country\":\"US\"}}", "without 'inputs'" },
        { "{\"inputs\":[\"https://a.example\"],\"share_inputs\":{}}", "the unknown field "
            + "'share_inputs' at line 1, column 33" },
        { "{\"inputs\":[\"https://a.example\"],\"shared_inputs\":[]}", "shared_inputs is not a JSON object." },
        { "{\"inputs\":[\"https://a.example\"],\"shared_inputs\":{\"url\":\"ftp://x\"}}", "'url' in shared_inputs "
            + "cannot be used: 'ftp://x' is not an absolute" },
        { "{\"inputs\":[\"https://a.example\"],\"list_id\":\"a/b\"}", "'a/b' cannot be a list_id. Use 1 to 64 "
            + "letters, digits, '-' and '_'." },
        { "{\"inputs\":[\"https://a.example\"],\"list_id\":7}", "'list_id' of the list is not a string." },
        { "url,country,country\nhttps://a.example,US,FR", "the column 'country' twice" },
        { "{\"source\":\"s3://lists/other/x\"}", "not under any prefix in Intake:SourcePrefixes" },
        { "{\"source\":\"s3://lists/inner\"}", "not under any prefix" },
        { "{\"source\":\"s3://lists/in/../secret\"}", "not under any prefix" },
        { "{\"source\":\"file:///etc/passwd\"}", "not under any prefix" },
        { "{\"source\":\"https://lists.example/in/x\"}", "not under any prefix in Intake:SourcePrefixes" },
        { "{\"source\":\"s3://lists/in/none\"}", "There is no list at s3://lists/in/none." },
        { "{\"source\":7}", "'source' of the message is not a string." },
        { "{\"source\":\"s3://lists/in/a\",\"country\":\"US\"}", "The message has the unknown field 'country'" },
        { "{\"source\":\"s3://lists/in/a\",\"shared_inputs\":[]}", "shared_inputs is not a JSON object." },
        { "{\"source\":\"s3://lists/in/a\",\"shared_inputs\":{\"storage_url\":\"s3://x/\"}}", "shared_inputs has "
            + "'storage_url', which the pipeline sets itself" },
        { "{\"source\":\"s3://lists/in/pointer\"}", "only points to another list" },
        { "{\"source\":\"s3://lists/in/noheader.csv\"}", "starts with a URL instead of a header row" },
        { "{\"source\":\"s3://lists/in/utf16\"}", "The list is UTF-16LE text, not UTF-8. Convert it and submit the "
            + "result: iconv -f UTF-16 " },
        { "{\"source\":\"s3://lists/in/cut.gz\"}", "The gzip file of this list is damaged, truncated" },
        { "{\"source\":\"s3://lists/in/flipped.gz\"}", "The gzip file of this list is damaged, truncated" },
        { "{\"source\":\"s3://lists/in/followed.gz\"}", "or followed by other bytes" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public Task AMalformedDocumentIsRefusedWithItsPositionAndNothingIsPlanned(string text, string expected) =>
        AssertRefusedAsync(text, "The list is not valid JSON at " + expected);

    [Theory]
    [MemberData(nameof(Refused))]
    public Task AListThatCannotBeAcceptedIsRefusedAndNothingIsPlanned(string text, string expected) =>
        AssertRefusedAsync(text, expected);

    [Fact]
    public async Task StrictRefusesAListForItsBadLinesAndShowsTheFirstTen()
    {
        var world = new IntakeWorld();
        world.Options.Intake.Strict = true;
        var text = "https://a.example\n" + string.Concat(Enumerable.Range(0, 12).Select(i => $"bad{i}\n"));
        var error = await Assert.ThrowsAsync<PipelineException>(() => world.HandleAsync(text));
        Assert.StartsWith(
            "The list has 12 bad lines and was refused as a whole (strict). Correct the list and submit it "
                + "again. line 2: 'bad0' is not",
            error.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "; line 11: 'bad9' is not an absolute http or https URL; and 2 more", error.Message,
            StringComparison.Ordinal);
        Assert.Equal(11, error.Details.Count);
        Assert.EndsWith("submit it again.", error.Summary, StringComparison.Ordinal);
        world.AssertRefused(error.Message);
        Assert.Equal("queue message", world.Ledger.Lists.Values.Single().Source);
    }

    [Fact]
    public async Task StrictAcceptsAListWithoutBadLines()
    {
        var world = new IntakeWorld();
        world.Options.Intake.Strict = true;
        Assert.Equal(1, (await world.HandleAsync("https://a.example\nhttps://a.example")).Inputs);
    }

    [Fact]
    public async Task AnotherListWithAUsedIdIsRefused()
    {
        var world = new IntakeWorld();
        await world.HandleAsync("""{"list_id":"x","inputs":["https://a.example","https://b.example"]}""");
        var before = (world.Ledger.Lists["x"], world.Ledger.Submissions.Count, world.Sent.Count);
        foreach (var other
            in new[]
            {
                "\"https://a.example\"",
                "\"https://a.example\",\"https://c.example\"",
                "\"https://a.example\",\"https://b.example\",\"https://c.example\"",
            })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(
                () => world.HandleAsync($$"""{"list_id":"x","inputs":[{{other}}]}"""));
            Assert.True(error.IsPermanent);
            Assert.StartsWith("Another list already has the list_id 'x'.", error.Message, StringComparison.Ordinal);
        }
        Assert.Equal(before, (world.Ledger.Lists["x"], world.Ledger.Submissions.Count, world.Sent.Count));
        var refused = world.Ledger.Lists.Values.Where(list => list.State == ListState.Refused).ToList();
        Assert.Equal(3, refused.Count);
        Assert.All(
            refused,
            list => Assert.StartsWith("Another list already has the list_id 'x'.", list.Message));
    }

    private static async Task AssertRefusedAsync(string text, string expected)
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/a"] = "https://a.example"u8.ToArray();
        world.Objects["s3://lists/in/pointer"] = "{\"source\":\"s3://lists/in/a\"}"u8.ToArray();
        world.Objects["s3://lists/in/noheader.csv"] = "https://a.example,US\n"u8.ToArray();
        world.Objects["s3://lists/in/utf16"] = Encoding.Unicode.GetBytes("\uFEFFhttps://a.example");
        world.Objects["s3://lists/in/cut.gz"] = IntakeWorld.Gzip(
            Encoding.UTF8.GetBytes(
                string.Concat(Enumerable.Range(0, 9999).Select(i => $"https://a.example/{i * 7919}\n"))))[..^9];
        var whole = IntakeWorld.Gzip("https://a.example\n"u8.ToArray());
        world.Objects["s3://lists/in/flipped.gz"] = [.. whole[..^8], (byte)(whole[^8] ^ 1), .. whole[^7..]];
        world.Objects["s3://lists/in/followed.gz"] = [.. whole, .. "https://b.example\n"u8];
        var error = await Assert.ThrowsAsync<PipelineException>(() => world.HandleAsync(text));
        Assert.True(error.IsPermanent);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        world.AssertRefused(error.Message);
    }
}
