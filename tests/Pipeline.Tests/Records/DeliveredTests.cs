using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Pipeline.Cli;
using Pipeline.Records;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>What the pipeline delivers is what the consumer library reads.</summary>
public sealed class DeliveredTests(Servers servers)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "1")]
    public async Task ARunLeavesAFolderThatVerifies()
    {
        await using var rig = await Rig.StartAsync("task_fail=2");
        await rig.RunAsync(rig.Settings(rig.List([.. Rig.Urls(20), "not a url"])));

        var report = await FolderVerifier.VerifyAsync(rig.Out, cancellationToken: Token);

        Assert.True(report.Ok, string.Join('\n', report.Problems));
        Assert.Equal((1, 18, 18, 3), (report.Lists, report.Records, report.ContentsVerified, report.Failures));
    }

    [Fact]
    [Trait("Needs", "servers")]
    [Trait("Promise", "7")]
    public async Task EveryRecordOfARunOverAzureIsAnnouncedAndInTheFilesOfItsList()
    {
        var azurite = await servers.AzureAsync();
        await using var rig = await Rig.StartAsync("task_fail=2", azurite);
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(40))));
        var reader = new RecordQueueReader(
            new QueueClient(azurite.ConnectionString(), "records"),
            new BlobContainerClient(azurite.ConnectionString(), "records"));

        var records = await reader.ReadAsync(untilEmpty: true, Token).ToListAsync(Token);
        var report = await AccountVerifier.VerifyAsync(
            new BlobServiceClient(azurite.ConnectionString()), outcome.ListId, cancellationToken: Token);

        Assert.Equal(ExitCodes.SomeFailed, outcome.ExitCode);
        Assert.Equal(38, records.DistinctBy(record => record.Id).Count());
        Assert.Equal(38, records.Count);
        Assert.All(records, record => Assert.True(record.IsContentVerified));
        Assert.True(report.Ok, string.Join('\n', report.Problems));
        Assert.Equal((38, 2), (report.Records, report.Failures));
    }
}
