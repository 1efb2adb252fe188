using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Run;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Staging;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// The real command, killed with SIGKILL and started again, while the API and the bucket keep running.
/// </summary>
public abstract class KillSuite(Servers? azure) : StoreSuite(azure)
{
    private const int Urls = 300;

    [Fact]
    [Trait("Promise", "1")]
    [Trait("Promise", "2")]
    [Trait("Promise", "7")]
    public async Task AfterAnyKillsTheSameCommandGivesEveryRecordOnceAndPostsNothingTwice()
    {
        // Slow enough that the work is not done before the third kill.
        await using var rig = await StartAsync("task_slow_ms=5000@0.5");
        var command = Command(rig, Urls);
        var random = new Random(4711);
        var kills = 0;
        for (var i = 0; i < 6; i++)
        {
            using var process = CliProcess.Start(command, Environment(rig));
            await Task.Delay(random.Next(300, 1500), TestContext.Current.CancellationToken);
            kills += await process.KillAsync() ? 1 : 0;
        }

        await CompleteAsync(rig, command, Urls);
        Assert.InRange(kills, 3, 6);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AfterAKillBetweenIntentAndPostTheBatchIsPostedOnceProvenAbsent()
    {
        await using var rig = await StartAsync();
        var command = Command(rig, count: 20);
        var killed = await CliProcess.RunAsync(
            command, [.. Environment(rig), ("PIPELINE_CRASH_AT", "submit.after-intent")]);
        Assert.Equal((128 + 9, 0), (killed.ExitCode, (await rig.PostsAsync()).Count));

        var progress = await CompleteAsync(rig, command, 20);
        Assert.Contains(
            "0 of 20 URLs done, 0 posted, 20 in a POST with no answer yet", progress,
            StringComparison.Ordinal);
        Assert.Contains(
            "Inputs without a sign are posted again once they are proven absent", progress, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("post_slow_ms=8000")]
    [InlineData("post_slow_ms=8000,webhook_lost,echo=none")]
    [Trait("Promise", "2")]
    public async Task AfterAKillDuringThePostEvidenceDecides(string faults)
    {
        await using var rig = await StartAsync(faults);
        var command = Command(rig, count: 20);
        using (var process = CliProcess.Start(command, Environment(rig)))
        {
            await rig.WaitForPostAsync();
            Assert.True(await process.KillAsync());
        }

        await CompleteAsync(rig, command, 20);
    }

    [Fact]
    [Trait("Promise", "6")]
    public async Task ControlCSaysHowToContinueAndTheStatusPageShowsNoToken()
    {
        await using var rig = await StartAsync("task_slow_ms=60000");
        var listen = $"http://127.0.0.1:{CliProcess.FreePort()}/";
        using var process = CliProcess.Start([.. Command(rig, count: 5), "--listen", listen], Environment(rig));
        await rig.WaitForPostAsync();
        using var http = new HttpClient();
        var page = await http.GetStringAsync(new Uri(listen), TestContext.Current.CancellationToken);
        Assert.Contains("list.txt", page, StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Emulator.CallbackUrls[0].Segments[^1], page, StringComparison.Ordinal);
        using var kill = System.Diagnostics.Process.Start("kill", ["-INT", $"{process.Id}"]);
        var (exitCode, _, error) = await process.WaitAsync();
        Assert.Equal(ExitCodes.Interrupted, exitCode);
        Assert.Contains("Stopped. Nothing is lost; the same command continues.", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "7")]
    public async Task AnUncountedRecordOfAKilledWorkerIsCountedBeforeTheRunEnds()
    {
        await using var rig = await StartAsync("task_fail=1");
        var settings = rig.Settings(rig.List(Rig.Urls(5)));
        var before = await rig.RunAsync(settings);
        var failure = Assert.Single(before.Failures);
        string Text(string name) => failure.GetProperty(name).GetString()!;
        // As if a worker had been killed between sink and ledger; its message returns when its lease ends.
        var line = before.RecordLines[0].Replace(
            before.Records[0].GetProperty("id").GetString()!, Text("id"), StringComparison.Ordinal);
        await using (var host = await RunHost.StartAsync(settings, _ => { }, TestContext.Current.CancellationToken))
        {
            await using var record = StagedRecord.FromBytes(
                Text("id"), before.ListId, Text("submission_id"), Encoding.UTF8.GetBytes(line));
            await host.Services.GetRequiredService<IRecordStore>().PutRecordAsync(
                record, TestContext.Current.CancellationToken);
            var message = new ResultMessage(
                Text("submission_id"), Text("task_id"), DiscoveredBy.Sweep, TimeProvider.System.GetUtcNow());
            await host.Services.GetRequiredService<IWorkQueue>().SendAsync(
                message, TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        }

        var after = await rig.RunAsync(settings);
        Assert.Equal((ExitCodes.Complete, 5), (after.ExitCode, after.Records.Count));
    }

    private static async Task<string> CompleteAsync(Rig rig, string[] command, int count)
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(command, Environment(rig));
        Assert.True(exitCode == ExitCodes.Complete, error);
        var outcome = new RunOutcome(
            exitCode, File.ReadAllLines(Path.Combine(rig.Out, "records.ndjson")), File.ReadAllLines(
                Path.Combine(rig.Out, "failures.ndjson")),
            JsonElement.Parse(File.ReadAllText(Path.Combine(rig.Out, "manifest.json"))), await rig.PostsAsync());
        outcome.CheckPromises();
        Assert.Equal(Rig.Urls(count).Order(), outcome.Records.Select(r => r.GetProperty("url").GetString()!).Order());
        Assert.Single(outcome.Posts);
        return error;
    }

    private static string[] Command(Rig rig, int count) =>
    [
        "run", rig.List(Rig.Urls(count)), "--out", rig.Out, "--api", rig.Emulator.BaseAddress.AbsoluteUri,
            "--storage-url", "s3://results/kills/", "--compress",
    ];

    internal static (string, string)[] Environment(Rig rig) =>
    [
        ("NIMBLE_API_KEY", Rig.Key),
        ("AWS_ENDPOINT_URL_S3", rig.Emulator.S3Endpoint.AbsoluteUri),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("Pipeline__Nimble__RequestsPerSecond", "1000"),
        ("Pipeline__Nimble__Timeout", "00:00:10"),
        ("Pipeline__Submit__Unknown", nameof(UnknownPolicy.RepostWhenProvenAbsent)),
        ("Pipeline__Submit__Quarantine", "00:00:15"),
        ("Pipeline__Sweep__PostingLease", "00:00:15"),
        ("Pipeline__Sweep__EvidenceWindow", "00:01:00"),
        ("Pipeline__Sweep__PostingCheck", "00:00:01"),
        ("Pipeline__Sweep__WebhookGrace", "00:00:01"),
        ("Pipeline__Sweep__PollInterval", "00:00:00.2"),
        ("Runner__SweepInterval", "00:00:01"),
        .. rig.Azure is { } account ? OverAzure(account) : [],
    ];

    // Azure does not know that a worker was killed, so its messages return only when their leases end.
    private static (string, string)[] OverAzure(AzuriteAccount account) =>
        [("AzureWebJobsStorage", account.ConnectionString()), ("Runner__Visibility", "00:00:03")];
}
