using Pipeline.Intake.Sending;
using Pipeline.Model;

namespace Pipeline.Tests.Intake;

public sealed class NextRunTests
{
    private readonly FakeLedger _ledger = new(effect => Task.FromResult(effect()));

    [Theory]
    [InlineData(0, "list")]
    [InlineData(1, "list-2")]
    [InlineData(2, "list-3")]
    [InlineData(7, "list-8")]
    [InlineData(100, "list-101")]
    public async Task TheNextRunHasTheNextNumber(int runs, string id)
    {
        for (var run = 1; run <= runs; run++)
            Add(run == 1 ? "list" : $"list-{run}", ListState.Closed);

        Assert.Equal(id, await FindAsync("list"));
        if (runs > 1)
            Assert.Equal(id, await FindAsync($"list-{runs}"));
    }

    [Theory]
    [InlineData(ListState.Planning)]
    [InlineData(ListState.Open)]
    [InlineData(ListState.Refused)]
    public async Task ARunThatIsNotCompleteIsContinued(ListState state)
    {
        Add("list", ListState.Closed);
        Add("list-2", state);

        Assert.Equal("list-2", await FindAsync("list"));
    }

    [Fact]
    public async Task ListsOfOthersArePassedOver()
    {
        Add("list", ListState.Closed);
        Add("list-2", ListState.Open, hash: "another");
        Add("list-3", ListState.Closed);
        Add("list-4", ListState.Closed, hash: "another");

        Assert.Equal("list-5", await FindAsync("list"));
    }

    [Fact]
    public async Task AnIdWithoutRoomForANumberAsksForAnother()
    {
        var id = new string('x', 64);
        Add(id, ListState.Closed);

        var refusal = await Assert.ThrowsAsync<PipelineException>(() => FindAsync(id));

        Assert.Equal($"'{id}' is too long to number its runs. Name this one: --list-id ID.", refusal.Message);
    }

    private Task<string> FindAsync(string id) =>
        new NextRun(_ledger).FindAsync(id, "hash", TestContext.Current.CancellationToken);

    private void Add(string id, ListState state, string hash = "hash") =>
        _ledger.Lists[id] = new()
        {
            ListId = id, State = state, CreatedAt = DateTimeOffset.UnixEpoch, ContentHash = hash,
        };
}
