using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Every fault that the emulator can inject, over real HTTP.</summary>
public abstract class FaultSuite(Servers? azure) : StoreSuite(azure)
{
    protected const int Count = 12;

    /// <summary>Time enough to find evidence on any machine.</summary>
    protected static readonly (string Key, string Value) LongWindow = ("Sweep:EvidenceWindow", "00:10:00");

    /// <summary>
    /// Runs a list against a misbehaving emulator, and checks that each URL has its record and that one batch was
    /// posted.
    /// </summary>
    private protected async Task<RunOutcome> AllBecomeRecordsAsync(
        string faults, string storageUrl = "s3://results/tests/", params IEnumerable<(string Key, string Value)> tuning)
    {
        await using var rig = await StartAsync(faults);
        var outcome = await rig.RunAsync(rig.Settings(
            rig.List(Rig.Urls(Count)), storageUrl, [("Delivery:Compress", "true"), LongWindow, .. tuning]));
        Assert.Equal((ExitCodes.Complete, Count), (outcome.ExitCode, outcome.Records.Count));
        Assert.Single(outcome.Posts);
        return outcome;
    }
}
