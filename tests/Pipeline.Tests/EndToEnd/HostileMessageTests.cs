using Pipeline.Cli;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Messages from outside in the queues of <c>pipeline serve</c> over Azure Storage.</summary>
[Trait("Needs", "servers")]
[Trait("Promise", "9")]
public sealed class HostileMessageTests(Servers servers)
{
    [Fact]
    public async Task ServeSurvivesEveryMessageAndHandlesAListInBase64()
    {
        await using var rig = await Rig.StartAsync("", await servers.AzureAsync());
        var queues = rig.Azure!.Open().Queues;
        foreach (var queue in new[] { QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results })
        {
            var client = queues.GetQueueClient(queue);
            await client.CreateAsync(cancellationToken: Ct);
            await client.SendMessageAsync("""{"nonsense":true}""", Ct);
            await client.SendMessageAsync("not json at all", Ct);
            await client.SendMessageAsync("""{"schema":"pipeline.claim/1","blob":"..","bytes":1,"sha256":"00"}""", Ct);
        }
        var list = $$"""{"list_id":"given","inputs":[{"url":"{{Rig.Urls(1).Single()}}"}]}""";
        await queues.GetQueueClient(QueueNames.UrlLists).SendMessageAsync(
            Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(list)), Ct);

        using var server = CliProcess.Start(
            [
                "serve", "--out", rig.Out, "--api", rig.Emulator.BaseAddress.AbsoluteUri, "--storage-url",
                "s3://results/served/"],
            KillSuite.Environment(rig));
        var report = await ServeSuite.ClosedAsync(rig, "given");
        var poison = await CountsAsync(queues);

        Assert.Equal(
            (1, 1, 0),
            (report.GetProperty("inputs").GetInt32(), report.GetProperty("records").GetInt32(),
                report.GetProperty("failures").GetInt32()));
        Assert.Equal([3, 3, 3], poison);
        using var stop = System.Diagnostics.Process.Start("kill", ["-TERM", $"{server.Id}"]);
        var (exitCode, _, log) = await server.WaitAsync();
        Assert.True(exitCode == ExitCodes.Complete, log);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// Counts different messages in the poison queues, because a send may be repeated but none is lost.
    /// </summary>
    private static async Task<int[]> CountsAsync(global::Azure.Storage.Queues.QueueServiceClient queues) =>
        await Task.WhenAll(
        new[] { QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results }.Select(async queue =>
            (await queues.GetQueueClient(queue + QueueNames.PoisonSuffix).PeekMessagesAsync(32, Ct)).Value
                .DistinctBy(message => message.MessageText).Count()));
}
