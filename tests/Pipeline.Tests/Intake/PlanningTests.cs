using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Urls;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Tests.Intake;

[Trait("Promise", "1")]
public sealed class PlanningTests
{
    [Fact]
    public async Task AListOfMoreThanAThousandBecomesSeveralSubmissions()
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync(Urls(2500));
        Assert.Equal((2500L, 3, ListState.Open), (list.Inputs, list.Submissions, list.State));
        Assert.Equal([1000, 1000, 500], world.Ledger.Submissions.Values.OrderBy(s => s.Sequence).Select(s => s.Count));
        Assert.Equal(Enumerable.Range(0, 3).Select(n => $"{list.ListId}-{n:D6}"), world.Sent);
        Assert.Equal(Enumerable.Range(0, 2500).Select(Url), world.Inputs.Select(i => i.Url));
        Assert.Equal(Enumerable.Range(1, 2500).Select(n => (long)n), world.Inputs.Select(i => i.Line));
        Assert.Equal(2500, world.Inputs.Select(i => i.Id).Distinct().Count());
        Assert.All(
            world.Ledger.Inputs, s => Assert.Equal(Enumerable.Range(0, s.Value.Count), s.Value.Select(i => i.Ordinal)));
    }

    [Fact]
    public async Task AnIdIsTheHashOfListAndInput()
    {
        var world = new IntakeWorld();
        await world.HandleAsync(
            """{"list_id":"my-list","inputs":[{"url":"https://a.example","country":"US"}],"shared_inputs":{"render":"""
                + """true,"country":"CA"}}""");
        var hash = SHA256.HashData("my-list\n{\"country\":\"US\",\"render\":true,\"url\":\"https://a.example\"}"u8);
        Assert.Equal(Convert.ToHexStringLower(hash)[..32], Assert.Single(world.Inputs).Id);
    }

    [Fact]
    public async Task DuplicatesAreDroppedHoweverTheyAreWritten()
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync("""
            {"inputs":[
              {"url":"https://a.example","country":"US","headers":{"b":1,"a":2}},
              {"headers":{"a":2,"b":1},"country":"US","url":" https:\/\/a.example "},
              {"url":"https://a.example","headers":{"b":1,"a":2}},
              {"url":"https://a.example","country":"FR","headers":{"b":1,"a":2}},
              "https://b.example", {"url":"https://b.example"}, {"url":"https://b.example","country":"US"},
              {"url":"https://b.example/"}
            ],"shared_inputs":{"country":"US"}}
            """);
        Assert.Equal((4L, 4L), (list.Inputs, list.Duplicates));
        Assert.Equal([1L, 4L, 5L, 8L], world.Inputs.Select(i => i.Line));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task UrlsThatDifferOnlyInTheCaseOfSchemeAndHostAreDuplicates()
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync("""
            {"inputs":["https://A.example/Path?Q=a","HTTPS://a.EXAMPLE/Path?Q=a","https://a.example/Path?Q=a",
              "https://a.example/path?Q=a","https://a.example/Path?q=a","https://a.example/Path?Q=a#Top"]}
            """);
        Assert.Equal((4L, 2L), (list.Inputs, list.Duplicates));
        // What is posted is what the list has.
        Assert.Equal("https://A.example/Path?Q=a", world.Good.First().Url);
    }

    [Theory]
    [InlineData("HTTPS://User:Pass@A.Example:8080/P", "https://User:Pass@a.example:8080/P")]
    [InlineData("http://a.example?U=http://B@C", "http://a.example?U=http://B@C")]
    [InlineData("http://A.example#X", "http://a.example#X")]
    [InlineData("http://A.example", "http://a.example")]
    public void OnlySchemeAndHostAreLowered(string url, string expected) =>
        Assert.Equal(expected, CanonicalUrl.WithLowerHost(url));

    [Fact]
    public async Task DuplicatesAreFoundAcrossSubmissions()
    {
        var world = new IntakeWorld();
        world.Options.Intake.MaxInputsPerSubmission = 10;
        var list = await world.HandleAsync(Urls(500) + Urls(700));
        Assert.Equal((700L, 500L, 70), (list.Inputs, list.Duplicates, list.Submissions));
    }

    [Fact]
    public async Task ATagSetByTheUserIsKept()
    {
        var world = new IntakeWorld();
        await world.HandleAsync("""
            [{"url":"https://a.example","country":"US","tag":"mine"},{"url":"https://a.example","country":"FR"},
            {"url":"https://a.example","country":"DE"},"https://b.example"]
            """);
        var (inputs, ids) = (world.Inputs.Select(i => i.Input).ToList(), world.Inputs.Select(i => i.Id).ToList());
        Assert.Equal(
            [
                """{"url":"https://a.example","country":"US","tag":"mine"}""",
                $$"""{"url":"https://a.example","country":"FR","tag":"{{ids[1]}}"}""",
                $$"""{"url":"https://a.example","country":"DE","tag":"{{ids[2]}}"}""",
                """{"url":"https://b.example"}""",
            ],
            inputs);

        world = new IntakeWorld();
        await world.HandleAsync(
            """{"inputs":[{"country":"US"},{"country":"FR"}],"shared_inputs":"""
                + """{"url":"https://a.example","tag":"mine"}}""");
        Assert.Equal(["""{"country":"US"}""", """{"country":"FR"}"""], world.Inputs.Select(i => i.Input));
    }

    [Fact]
    public async Task BadLinesGetTheirOwnSubmissionsInTheSameSequence()
    {
        var world = new IntakeWorld();
        var text = string.Concat(Enumerable.Range(0, 2300).Select(i => $"bad {i}\n")) + Urls(1200);
        var list = await world.HandleAsync(text);
        Assert.Equal((3500L, 2300L, 5), (list.Inputs, list.Invalid, list.Submissions));
        Assert.Equal(
            [
                (SubmissionState.Closed, 1000), (SubmissionState.Closed, 1000), (SubmissionState.Planned, 1000),
                (SubmissionState.Planned, 200), (SubmissionState.Closed, 300)],
            world.Ledger.Submissions.Values.OrderBy(s => s.Sequence).Select(s => (s.State, s.Count)));
        Assert.Equal([$"{list.ListId}-000002", $"{list.ListId}-000003"], world.Sent);
        Assert.Equal(2300, world.Failures.Count);
    }

    [Fact]
    public async Task SweepFindsAPlannedSubmissionWhoseMessageWasLost()
    {
        var world = new IntakeWorld();
        await world.HandleAsync("https://a.example");
        Assert.Equal(
            world.Time.GetUtcNow() + world.Options.Sweep.PostingLease,
            Assert.Single(world.Ledger.Submissions).Value.DueAt);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhereverAPortFailsARepeatGivesTheSameResult(bool failAfterEffect)
    {
        var items = Enumerable.Range(0, 25).Select(i => i % 6 == 5 ? $"{i}" : $"\"{Url(i % 20)}\"");
        var text = $$"""{"list_id":"x","inputs":[{{string.Join(',', items)}}]}""";
        var whole = Small();
        await whole.HandleAsync(text);
        Assert.True(whole.Calls > 12);
        for (var n = 1; n <= whole.Calls; n++)
        {
            var world = Small();
            (world.FailAt, world.FailAfterEffect) = (n, failAfterEffect);
            var error = await Assert.ThrowsAsync<PipelineException>(() => world.HandleAsync(text));
            Assert.False(error.IsPermanent);
            Assert.All(
                world.Inputs.Where(i => i.State == InputState.Failed), i => Assert.Contains(i.Id, world.Failures.Keys));
            world.Time.Advance(TimeSpan.FromHours(1));
            var list = await world.HandleAsync(text);
            Assert.Equal(ListState.Open, list.State);
            // If the list's entry was created before the failure, it keeps its time. Otherwise its time is later.
            if (n > 1 || failAfterEffect)
                Assert.Equal(whole.Snapshot(), world.Snapshot());
        }
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task RepeatingAPlannedListChangesAndSendsNothing()
    {
        var world = new IntakeWorld();
        var first = await world.HandleAsync(Urls(1500));
        var (before, sent) = (world.Snapshot(), world.Sent.Count);
        Assert.Equal(first, await world.HandleAsync(Urls(1500)));
        Assert.Equal((before, sent), (world.Snapshot(), world.Sent.Count));
    }

    [Fact]
    public async Task ADefaultIdDependsOnTheContentAndOnSharedInputsFromOutside()
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/a.txt"] = "https://a.example\n"u8.ToArray();
        world.Objects["s3://lists/in/a.txt.gz"] = IntakeWorld.Gzip(world.Objects["s3://lists/in/a.txt"]);
        var expected = Convert.ToHexStringLower(SHA256.HashData("https://a.example\n"u8))[..20];
        Assert.Equal((expected, "queue message"), await IdAndSourceAsync("https://a.example\n"));
        Assert.Equal((expected, "queue message"), await IdAndSourceAsync("""{"source":"s3://lists/in/a.txt"}"""));
        Assert.Equal(
            (expected, "queue message"),
            await IdAndSourceAsync("""{"source":"s3://lists/in/a.txt.gz","shared_inputs":{},"name":"other"}"""));
        var shared = await IdAndSourceAsync(
            """{"source":"s3://lists/in/a.txt","shared_inputs":{"render":true,"country":"US"},"name":"mine"}""");
        Assert.Equal("mine", shared.Source);
        Assert.NotEqual(expected, shared.ListId);
        Assert.Equal(
            shared,
            await IdAndSourceAsync(
                """{"shared_inputs":{"country":"US","render":true},"source":"s3://lists/in/a.txt"}"""));
        Assert.Equal(
            ("given", "a.txt"), await IdAndSourceAsync("""{"source":"s3://lists/in/a.txt","list_id":"given"}"""));

        async Task<(string ListId, string? Source)> IdAndSourceAsync(string message)
        {
            var list = await world.HandleAsync(message);
            return (list.ListId, list.Source);
        }
    }

    [Fact]
    public async Task APointerReadsTheMessageItWrites()
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/a b.txt"] = "https://a.example"u8.ToArray();
        var pointer = new ListPointer(
            "s3://lists/in/a b.txt", SharedInputs.FromPairs(["render=true", "formats=html;text", "tag=7"]), "id",
            "näme");
        var list = await world.HandleAsync(pointer.ToMessage());
        Assert.Equal(("id", "näme"), (list.ListId, list.Source));
        Assert.Equal(
            """{"formats":["html","text"],"render":true,"tag":"7"}""",
            Assert.Single(world.Ledger.Submissions).Value.SharedInputs);
    }

    [Theory]
    [InlineData("country", "'country' is not a shared input. Write name=value, for example country=US.")]
    [InlineData(
        "request_timeout=soon",
        "The shared input 'request_timeout=soon' cannot be used: 'request_timeout' is not a number.")]
    public void AnInvalidPairIsRefused(string pair, string expected) =>
        Assert.Equal(expected, Assert.Throws<PipelineException>(() => SharedInputs.FromPairs([pair])).Message);

    [Fact]
    public async Task ASourceThatChangesBetweenTheTwoPassesIsRefused()
    {
        var world = new IntakeWorld();
        var opened = 0;
        world.Objects["s3://lists/in/a.txt"] = "https://a.example\nhttps://b.example"u8.ToArray();
        world.Opening = () =>
        {
            if (++opened == 2)
                world.Objects["s3://lists/in/a.txt"] = "https://a.example\nhttps://c.example"u8.ToArray();
        };
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => world.HandleAsync("""{"source":"s3://lists/in/a.txt"}"""));
        Assert.Contains("changed while it was being read", error.Message, StringComparison.Ordinal);
        Assert.Empty(world.Sent);
        world.AssertRefused(error.Message);
    }

    private static IntakeWorld Small()
    {
        var world = new IntakeWorld();
        world.Options.Intake.MaxInputsPerSubmission = 4;
        return world;
    }

    private static string Url(int n) => $"https://site{n % 7}.example/page/{n}";

    private static string Urls(int count)
    {
        var text = new StringBuilder();
        for (var n = 0; n < count; n++)
            text.Append(Url(n)).Append('\n');
        return text.ToString();
    }
}
