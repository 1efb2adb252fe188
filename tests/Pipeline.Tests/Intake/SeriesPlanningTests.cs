using Pipeline.Model;
using Pipeline.Model.Series;

namespace Pipeline.Tests.Intake;

public sealed class SeriesPlanningTests
{
    private readonly IntakeWorld _world = new();

    [Theory]
    [InlineData("# series: prices\nhttps://a.example/1\n")]
    [InlineData("# Daily.\n\n#series:prices\r\nhttps://a.example/1\n")]
    [InlineData("# series: prices\n{\"url\":\"https://a.example/1\"}\n")]
    [InlineData("# series: prices\nurl,country\nhttps://a.example/1,US\n")]
    [InlineData("""{"series":"prices","inputs":["https://a.example/1"]}""")]
    [InlineData("""{"url":"https://a.example/1","series":"prices"}""")]
    public async Task EveryFormOfAListMayNameItsSeries(string text)
    {
        var list = await _world.HandleAsync(text);

        Assert.Equal("prices", list.Series);
        var input = Assert.Single(_world.Good);
        Assert.Equal((32, null), (input.Series!.Key.Length, input.Series.Previous));
        Assert.DoesNotContain("series", input.Input, StringComparison.Ordinal);
        Assert.Equal("prices", Assert.Single(_world.Ledger.Submissions.Values).Series);
        Assert.Equal("prices", Assert.Single(_world.Ledger.Runs).Series);
    }

    [Fact]
    public async Task APointerNamesTheSeriesOfAListThatHasNone()
    {
        _world.Objects["s3://lists/in/a.txt"] = "https://a.example/1\n"u8.ToArray();
        var plain = await _world.HandleAsync("""{"source":"s3://lists/in/a.txt"}""");
        var first = await _world.HandleAsync("""{"source":"s3://lists/in/a.txt","series":"a"}""");
        var second = await _world.HandleAsync("""{"source":"s3://lists/in/a.txt","series":"b"}""");

        Assert.Equal((null, "a", "b"), (plain.Series, first.Series, second.Series));
        Assert.Equal(3, new[] { plain.ListId, first.ListId, second.ListId }.Distinct().Count());
    }

    [Theory]
    [InlineData("../x", "'../x' cannot be a series. Use 1 to 64 letters, digits, '-' and '_'.")]
    [InlineData("", "'' cannot be a series. Use 1 to 64 letters, digits, '-' and '_'.")]
    [InlineData("a b", "'a b' cannot be a series. Use 1 to 64 letters, digits, '-' and '_'.")]
    [InlineData("a\\u001b[2J", "'a<U+001B>[2J' cannot be a series. Use 1 to 64 letters, digits, '-' and '_'.")]
    [InlineData("x' or '1'='1", "'x' or '1'='1' cannot be a series. Use 1 to 64 letters, digits, '-' and '_'.")]
    [InlineData("--all", "'--all' cannot be a series. Begin it with a letter, a digit or '_'.")]
    public async Task AHostileNameIsRefused(string name, string message)
    {
        var json = $$"""{"series":"{{name}}","inputs":["https://a.example/1"]}""";
        var refusal = await Assert.ThrowsAsync<PipelineException>(() => _world.HandleAsync(json));

        Assert.Equal(message, refusal.Message);
        _world.AssertRefused(message);
    }

    [Theory]
    [InlineData("""{"only_new":true,"inputs":["https://a.example/1"]}""", "only_new and max_age leave out what the "
        + "list's series already has, but the list has no series. Name one: series.")]
    [InlineData("""{"series":"a","max_age":"soon","inputs":["https://a.example/1"]}""",
        "'soon' cannot be a max_age. Write a number and s, m, h, d or w: 30d.")]
    [InlineData("""{"series":"a","max_age":"9999999999d","inputs":["https://a.example/1"]}""",
        "'9999999999d' cannot be a max_age. Write a number and s, m, h, d or w: 30d.")]
    [InlineData("""{"series":"a","only_new":1,"inputs":["https://a.example/1"]}""",
        "'only_new' of the list is not a boolean. Write \"only_new\":true.")]
    [InlineData("# only_new: yes\nhttps://a.example/1\n",
        "The comment 'only_new: yes' of the list is neither true nor false.")]
    public async Task WhatCannotBeComparedIsRefused(string text, string message)
    {
        var refusal = await Assert.ThrowsAsync<PipelineException>(() => _world.HandleAsync(text));

        Assert.Equal(message, refusal.Message);
    }

    [Fact]
    public async Task ALongNameIsNotRepeatedWhole()
    {
        var json = $$"""{"series":"{{new string('s', 60_000)}}","inputs":["https://a.example/1"]}""";
        var refusal = await Assert.ThrowsAsync<PipelineException>(() => _world.HandleAsync(json));

        Assert.Equal(
            $"'{new string('s', 100)}…' cannot be a series. Use 1 to 64 letters, digits, '-' and '_'.",
            refusal.Message);
    }

    /// <summary>Longer than the longest time span, which is 29,000 years.</summary>
    [Theory]
    [InlineData("999999999w")]
    [InlineData("999999999d")]
    [InlineData("999999999h")]
    [InlineData("999999999m")]
    [InlineData("999999999s")]
    public async Task AnyRecordIsYoungerThanTheLongestAge(string age)
    {
        await RecordAsync("first", Urls(0, 2));

        var list = await _world.HandleAsync(Urls(1, 3, "second", $",\"max_age\":\"{age}\""));

        Assert.Equal((2L, 1L), (list.Inputs, list.LeftOut));
    }

    [Fact]
    public async Task AnInputCarriesTheLastRecordOfItsSeries()
    {
        await RecordAsync("first", Urls(0, 3));

        var list = await _world.HandleAsync(Urls(2, 3, "second"));

        Assert.Equal((3L, 0L, 1L, 2L), (list.Inputs, list.LeftOut, list.Known, list.Removed));
        Assert.Equal(
            "1 of 3 URLs were fetched in series 's' since 2026-03-01 12:01 UTC. They are fetched again; --only-new "
                + "leaves them out.",
            SeriesText.Describe(list));
        var inputs = _world.Good.Where(i => i.SubmissionId.StartsWith("second", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            ["v1", null, null], inputs.Select(i => i.Series!.PreviousVersion));
        Assert.Equal(new SeriesOutcome("xxh128:a", null, 200), inputs[0].Series!.Previous);
    }

    [Fact]
    public async Task OnlyNewLeavesOutWhatTheSeriesHas()
    {
        await RecordAsync("first", Urls(0, 2500));

        var list = await _world.HandleAsync(Urls(1000, 3000, "second", ",\"only_new\":true"));

        Assert.Equal((1500L, 1500L, 1000L), (list.Inputs, list.LeftOut, list.Removed));
        Assert.Equal([1000, 500], Sizes("second"));
        Assert.Equal(2500, Of("second").Min(i => int.Parse(i.Url[(i.Url.LastIndexOf('/') + 1)..])));
        Assert.Equal(
            "1,500 of 3,000 URLs were fetched in series 's' since 2026-03-01 12:01 UTC. Left out: 1,500.",
            SeriesText.Describe(list));
    }

    [Fact]
    public async Task AListWhoseEveryInputIsLeftOutIsOpenWithoutSubmissions()
    {
        await RecordAsync("first", Urls(0, 5));

        var list = await _world.HandleAsync(Urls(0, 5, "second", ",\"only_new\":true"));

        Assert.Equal((ListState.Open, 0L, 0, 5L, 0L),
            (list.State, list.Inputs, list.Submissions, list.LeftOut, list.Removed));
    }

    [Theory]
    [InlineData("30d", 0)]
    [InlineData("61m", 0)]
    [InlineData("1h", 5)]
    [InlineData("10s", 5)]
    public async Task ARecordThatIsTooOldLeavesNothingOut(string age, int inputs)
    {
        await RecordAsync("first", Urls(0, 5));
        _world.Time.Advance(TimeSpan.FromHours(1));

        var list = await _world.HandleAsync(Urls(0, 5, "second", $",\"max_age\":\"{age}\""));

        Assert.Equal((inputs, 5 - inputs), ((int)list.Inputs, (int)list.LeftOut));
    }

    [Fact]
    public async Task TheSameInputIsFoundHoweverItIsWritten()
    {
        await RecordAsync("first",
            """{"list_id":"first","series":"s","shared_inputs":{"country":"US"},"inputs":["https://a.example/1"]}""");

        var list = await _world.HandleAsync(
            """{"list_id":"second","series":"s","only_new":true,"inputs":["""
                + """{"country":"US","url":"https://a.example/1"},{"country":"FR","url":"https://a.example/1"}]}""");

        Assert.Equal((1L, 1L), (list.Inputs, list.LeftOut));
    }

    /// <summary>The series changes between a crash and the repeat; the plan does not.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Promise", "1")]
    public async Task PlanningAgainAfterACrashLeavesOutTheSame(bool afterEffect)
    {
        var text = Urls(0, 2300, "second", ",\"only_new\":true");
        for (var failAt = 1; ; failAt++)
        {
            var world = new IntakeWorld { FailAt = failAt, FailAfterEffect = afterEffect };
            Put(world, 0, 700);
            if (await Record.ExceptionAsync(() => world.HandleAsync(text)) is null)
                break;
            var planned = world.Ledger.Inputs.Values.Sum(i => i.Count);
            var pinned = world.Ledger.Pins.Count;
            // Another run finishes meanwhile.
            Put(world, 700, 2300);

            var list = await world.HandleAsync(text);

            Assert.Equal(2300, list.Inputs + list.LeftOut);
            Assert.Equal(list.Inputs, world.Inputs.Count());
            Assert.Equal(list.Inputs, world.Inputs.Select(i => i.Id).Distinct().Count());
            Assert.True(list.Inputs >= planned);
            Assert.Equal(pinned switch { 0 => 0, 1 => 300, 2 => 1300, _ => 1600 }, list.Inputs);
        }
    }

    [Fact]
    public async Task WhatThisRunItselfHasRecordedIsNoEarlierRecord()
    {
        await _world.HandleAsync(Urls(0, 3, "second"));
        Put(_world, 0, 3, listId: "second");
        _world.Ledger.Lists["second"] = _world.Ledger.Lists["second"] with { State = ListState.Planning };

        var list = await _world.HandleAsync(Urls(0, 3, "second"));

        Assert.Equal(0, list.Known);
    }

    private static string Urls(int from, int count, string listId = "first", string more = "") =>
        $$"""{"list_id":"{{listId}}","series":"s"{{more}},"inputs":["""
            + string.Join(',', Enumerable.Range(from, count).Select(i => $"\"https://a.example/{i}\"")) + "]}";

    private async Task RecordAsync(string listId, string text)
    {
        var list = await _world.HandleAsync(text);
        foreach (var input in Of(listId))
            Put(_world, input.Series!.Key, list);
        _world.Time.Advance(TimeSpan.FromMinutes(2));
    }

    private static void Put(IntakeWorld world, int from, int to, string listId = "first")
    {
        for (var i = from; i < to; i++)
        {
            var hash = System.Security.Cryptography.SHA256.HashData(
                System.Text.Encoding.UTF8.GetBytes($$"""{"url":"https://a.example/{{i}}"}"""));
            Put(world, Convert.ToHexStringLower(hash)[..32], new()
            {
                ListId = listId, State = ListState.Open, CreatedAt = world.Time.GetUtcNow(),
            });
        }
    }

    private static void Put(IntakeWorld world, string key, ListEntry list) =>
        world.Ledger.Series[("s", key)] = new()
        {
            Key = key,
            Outcome = new("xxh128:a", null, 200),
            RecordId = "record",
            ListId = list.ListId,
            RunAt = list.CreatedAt,
            RecordedAt = list.CreatedAt.AddMinutes(1),
            Version = "v1",
        };

    private IEnumerable<InputEntry> Of(string listId) =>
        _world.Inputs.Where(i => i.SubmissionId.StartsWith(listId, StringComparison.Ordinal));

    private IEnumerable<int> Sizes(string listId) =>
        _world.Ledger.Submissions.Values.Where(s => s.ListId == listId).OrderBy(s => s.Sequence).Select(s => s.Count);
}
