using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Cli;
using Pipeline.Cli.Settings;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Runs of a series: what changed, what is left out, and what is left after a kill.</summary>
public abstract class SeriesSuite(Servers? azure) : StoreSuite(azure)
{
    private readonly ConcurrentDictionary<string, (int Status, string Html)> _pages = [];

    [Fact]
    public async Task ASecondRunSaysWhatChanged()
    {
        await using var site = await TestServer.StartAsync(ServeAsync);
        await using var rig = await StartAsync(allowPrivate: true);
        Publish(("1", 200, "<p>a</p>"), ("2", 200, "<p>b</p>"), ("3", 200, "<p>c</p>"), ("4", 200, "<p>d</p>"));
        Publish(("5", 200, "<p>e</p>"), ("6", 200, "<p>f</p>"));
        var first = await rig.RunAsync(Run(rig, site, [1, 2, 3, 4, 5, 6]));
        Assert.All(first.Records, r => Assert.Equal("new", r.GetProperty("change").GetString()));
        Assert.Equal("""{"new":6,"same":0,"changed":0,"removed":0}""", Changes(first.Manifest));

        Publish(("2", 200, "<p>B</p>"), ("3", 404, "<p>c</p>"), ("4", 200, "<!-- 12:00 --><p  id=x>d </p>"));
        var second = await rig.RunAsync(Run(rig, site, [1, 2, 3, 4, 5, 7]));

        var manifest = second.Manifest.GetProperty("lists").EnumerateArray()
            .Single(m => m.GetProperty("list_id").GetString() != first.ListId);
        Assert.Equal("""{"new":1,"same":3,"changed":2,"removed":1}""", Changes(manifest));
        Assert.Equal("prices", manifest.GetProperty("series").GetString());
        var before = first.Records.ToDictionary(Page);
        var after = second.Records.Where(r => r.GetProperty("list_id").GetString() != first.ListId).ToDictionary(Page);
        Assert.Equal(
            ["same", "changed", "changed", "same", "same", "new"],
            after.OrderBy(r => r.Key).Select(r => r.Value.GetProperty("change").GetString()!));
        foreach (var (page, record) in after.Where(r => r.Key != "7"))
            Assert.Equal(
                before[page].GetProperty("content_digest").GetString(),
                record.GetProperty("previous_digest").GetString());
        await AssertDiffAsync(
            rig, first.ListId, manifest.GetProperty("list_id").GetString()!,
            """{"new":1,"gone":1,"changed":1,"status_changed":1,"failed":0,"options_changed":0,"same":3}""");
    }

    [Fact]
    public async Task OnlyNewUrlsAreFetchedAndAListWithoutAnyClosesAtOnce()
    {
        await using var rig = await StartAsync();
        var all = rig.Settings(rig.List(Rig.Urls(5))) with { Series = new("prices") };
        await rig.RunAsync(all);

        var more = await rig.RunAsync(all with
        {
            Lists = [rig.List([.. Rig.Urls(7), "# edited"])], Series = new("prices", OnlyNew: true),
        });

        Assert.Equal((ExitCodes.Complete, 7), (more.ExitCode, more.Records.Count));
        Assert.Equal(2, more.Posts.Count);
        Assert.Contains(more.Manifest.GetProperty("lists").EnumerateArray(), m =>
            (m.GetProperty("inputs").GetInt32(), m.GetProperty("left_out").GetInt32()) == (2, 5));

        var none = await rig.RunAsync(all with
        {
            Lists = [rig.List([.. Rig.Urls(6), "# edited again"])], Series = new("prices", MaxAge: "1d"),
        });

        Assert.Equal((ExitCodes.Complete, 7, 2), (none.ExitCode, none.Records.Count, none.Posts.Count));
        Assert.Contains(none.Manifest.GetProperty("lists").EnumerateArray(), m =>
            (m.GetProperty("inputs").GetInt32(), m.GetProperty("left_out").GetInt32()) == (0, 6)
            && Changes(m) == """{"new":0,"same":0,"changed":0,"removed":1}""");
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AgainFetchesACompleteListOnceMoreAndAKillDoesNotFetchItTwice()
    {
        await using var rig = await StartAsync();
        string[] command = [.. Command(rig, 20), "--again"];
        await CompleteAsync(rig, command, posts: 1);
        foreach (var point in (string[])["intake.after-list", "submit.after-state", "sweep.after-close"])
        {
            var killed = await CliProcess.RunAsync(
                command, [.. KillSuite.Environment(rig), ("PIPELINE_CRASH_AT", point)]);
            Assert.Equal(128 + 9, killed.ExitCode);
            var posts = (await rig.PostsAsync()).Count;
            await CompleteAsync(rig, command, posts: point == "intake.after-list" ? posts + 1 : posts);
        }

        var lists = JsonElement.Parse(File.ReadAllText(Path.Combine(rig.Out, "manifest.json")))
            .GetProperty("lists").EnumerateArray().Select(m => m.GetProperty("list_id").GetString()!).ToList();
        Assert.Equal(4, lists.Count);
        Assert.Equal([.. Enumerable.Range(2, 3).Select(i => $"{lists[0]}-{i}")], lists[1..]);
    }

    [Theory]
    [InlineData("intake.after-pin", false)]
    [InlineData("intake.after-pin", true)]
    [InlineData("intake.after-submission", true)]
    [InlineData("sweep.within-series", false)]
    [InlineData("sweep.after-series", false)]
    [InlineData("sweep.close", false)]
    [InlineData("sweep.after-manifest", false)]
    [Trait("Promise", "1")]
    public async Task AKillAroundTheSeriesLeavesItRight(string point, bool onlyNew)
    {
        await using var rig = await StartAsync();
        if (onlyNew)
            await CompleteAsync(rig, [.. Command(rig, 5), "--series", "s"], posts: 1);
        string[] command = [.. Command(rig, 30), "--series", "s", .. onlyNew ? ["--only-new"] : Array.Empty<string>()];
        var killed = await CliProcess.RunAsync(command, [.. KillSuite.Environment(rig), ("PIPELINE_CRASH_AT", point)]);
        Assert.Equal(128 + 9, killed.ExitCode);
        await CompleteAsync(rig, command, posts: onlyNew ? 2 : 1);

        await CompleteAsync(rig, [.. command, "--list-id", "next"], posts: onlyNew ? 2 : 2);

        var lists = JsonElement.Parse(File.ReadAllText(Path.Combine(rig.Out, "manifest.json"))).GetProperty("lists");
        var next = lists.EnumerateArray().Single(m => m.GetProperty("list_id").GetString() == "next");
        Assert.Equal(onlyNew ? 30 : 0, next.GetProperty("left_out").GetInt32());
        Assert.Equal(
            onlyNew
                ? """{"new":0,"same":0,"changed":0,"removed":0}"""
                : """{"new":0,"same":30,"changed":0,"removed":0}""",
            Changes(next));
    }

    [Fact]
    [Trait("Promise", "2")]
    [Trait("Promise", "7")]
    public async Task StoredResultsAreReadAgainWithoutAPostAndAsRecordsOfTheirOwn()
    {
        await using var rig = await StartAsync("task_fail=1");
        var (exitCode, _, error) = await CliProcess.RunAsync(Command(rig, 12), KillSuite.Environment(rig));
        Assert.True(exitCode == ExitCodes.SomeFailed, error);
        var first = JsonElement.Parse(File.ReadAllText(Path.Combine(rig.Out, "manifest.json")));
        var listId = first.GetProperty("list_id").GetString()!;
        string[] command =
        [
            "reprocess", listId, "--content", "reference", "--out", rig.Out,
            "--api", rig.Emulator.BaseAddress.AbsoluteUri, "--storage-url", "s3://results/series/",
        ];
        // A second attempt at failures would be paid for.
        (string, string)[] environment = [.. KillSuite.Environment(rig), ("Pipeline__Retry__MaxAttempts", "3")];
        var killed = await CliProcess.RunAsync(
            command, [.. environment, ("PIPELINE_CRASH_AT", "repeat.after-submission")]);
        Assert.Equal(128 + 9, killed.ExitCode);

        (exitCode, _, error) = await CliProcess.RunAsync(command, environment);

        Assert.True(exitCode == ExitCodes.SomeFailed, error);
        var outcome = new RunOutcome(
            exitCode,
            File.ReadAllLines(Path.Combine(rig.Out, "records.ndjson")),
            File.ReadAllLines(Path.Combine(rig.Out, "failures.ndjson")),
            JsonElement.Parse(File.ReadAllText(Path.Combine(rig.Out, "manifest.json"))),
            await rig.PostsAsync());
        outcome.CheckPromises();
        Assert.Single(outcome.Posts);
        Assert.Equal((22, 2), (outcome.Records.Count, outcome.Failures.Count));
        var revised = outcome.Records.Where(r => r.GetProperty("list_id").GetString() == $"{listId}-r1").ToList();
        var original = outcome.Records.Except(revised).ToDictionary(r => r.GetProperty("task_id").GetString()!);
        Assert.Equal(11, revised.Count);
        foreach (var record in revised)
        {
            var before = original[record.GetProperty("task_id").GetString()!];
            Assert.False(record.TryGetProperty("content", out _));
            foreach (var name in (string[])["url", "content_digest", "requested_at", "input", "line"])
                Assert.Equal(before.GetProperty(name).GetRawText(), record.GetProperty(name).GetRawText());
        }
    }

    private static string Changes(JsonElement manifest) => JsonSerializer.Serialize(manifest.GetProperty("changes"));

    private static string Page(JsonElement record) => record.GetProperty("url").GetString()![^1..];

    private static RunSettings Run(Rig rig, TestServer site, IEnumerable<int> pages) =>
        rig.Settings(
            rig.List(pages.Select(page => new Uri(site.Address, $"{page}").AbsoluteUri)),
            tuning: ("Intake:AllowPrivate", "true")) with
        {
            Series = new("prices"),
        };

    private static async Task AssertDiffAsync(Rig rig, string before, string after, string counts)
    {
        foreach (var runs in (string[][])[["--series", "prices"], [before, after]])
        {
            var (exitCode, output, error) = await CliProcess.RunAsync(
                ["diff", .. runs, "--out", rig.Out, "--state", Path.Combine(rig.Out, "..", "state"), "--json"],
                KillSuite.Environment(rig));
            Assert.True(exitCode == ExitCodes.SomeFailed, error);
            var diff = JsonElement.Parse(output);
            Assert.Equal(before, diff.GetProperty("before").GetString());
            Assert.Equal(after, diff.GetProperty("after").GetString());
            Assert.Equal(4, diff.GetProperty("differences").GetArrayLength());
            Assert.Contains(counts[1..^1], output, StringComparison.Ordinal);
        }
    }

    private static string[] Command(Rig rig, int count) =>
    [
        "run", rig.List(Rig.Urls(count)), "--out", rig.Out, "--api", rig.Emulator.BaseAddress.AbsoluteUri,
        "--storage-url", "s3://results/series/",
    ];

    private static async Task CompleteAsync(Rig rig, string[] command, int posts)
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(command, KillSuite.Environment(rig));
        Assert.True(exitCode == ExitCodes.Complete, error);
        var outcome = new RunOutcome(
            exitCode,
            File.ReadAllLines(Path.Combine(rig.Out, "records.ndjson")),
            File.ReadAllLines(Path.Combine(rig.Out, "failures.ndjson")),
            JsonElement.Parse(File.ReadAllText(Path.Combine(rig.Out, "manifest.json"))),
            await rig.PostsAsync());
        outcome.CheckPromises();
        Assert.Equal(posts, outcome.Posts.Count);
    }

    private void Publish(params (string Path, int Status, string Html)[] pages)
    {
        foreach (var (path, status, html) in pages)
            _pages[path] = (status, html);
    }

    private async Task ServeAsync(HttpContext context)
    {
        var (status, html) = _pages.GetValueOrDefault(context.Request.Path.Value![1..], (200, "<p>else</p>"));
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        await context.Response.WriteAsync(html);
    }
}
