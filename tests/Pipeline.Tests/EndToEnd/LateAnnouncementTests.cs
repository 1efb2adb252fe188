using Pipeline.Cli;
using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>A worker that was killed after the ledger had its records, but before it announced them.</summary>
[Trait("Needs", "servers")]
[Trait("Promise", "7")]
public sealed class LateAnnouncementTests(Servers servers) : StoreSuite(servers)
{
    [Fact]
    public async Task ItsRecordsAreAnnouncedBeforeTheNextRunEnds()
    {
        await using var rig = await StartAsync();
        string[] command =
        [
            "run", rig.List(Rig.Urls(5)), "--out", rig.Out, "--api", rig.Emulator.BaseAddress.AbsoluteUri,
            "--storage-url", "s3://results/late/",
        ];
        var killed = await CliProcess.RunAsync(
            command, [.. KillSuite.Environment(rig), ("PIPELINE_CRASH_AT", "collect.after-ledger")]);
        Assert.Equal(128 + 9, killed.ExitCode);

        var (exitCode, _, error) = await CliProcess.RunAsync(command, KillSuite.Environment(rig));

        Assert.True(exitCode == ExitCodes.Complete, error);
        var announced = (await new AzureOutput(rig.Azure!.Open()).MessagesAsync("records"))
            .SelectMany(message => PartMessage.Parse(message).Records).Select(record => record.Id).Distinct();
        Assert.Equal(5, announced.Count());
    }
}
