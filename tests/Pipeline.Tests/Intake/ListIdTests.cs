using System.Security.Cryptography;
using System.Text;
using Pipeline.Intake.Reading;
using Pipeline.Model;

namespace Pipeline.Tests.Intake;

public sealed class ListIdTests
{
    private const string Victim = "https://victim.example/1\nhttps://victim.example/2\n";

    private static string VictimId => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Victim)))[..20];

    [Fact]
    public async Task NobodyCanTakeTheIdOfAnotherList()
    {
        var world = new IntakeWorld();
        foreach (var id in new[] { VictimId, VictimId.ToUpperInvariant() })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(() =>
                world.HandleAsync(
                    $$"""{"list_id":"{{id}}","inputs":["https://attacker.example/1","https://attacker.example/2"]}"""
                )
            );
            Assert.Contains("and this list's content gives another one", error.Message, StringComparison.Ordinal);
        }
        var list = await world.HandleAsync(Victim);
        Assert.Equal((VictimId, ListState.Open, 2L), (list.ListId, list.State, list.Inputs));
        Assert.Equal(["https://victim.example/1", "https://victim.example/2"], world.Good.Select(input => input.Url));
    }

    /// <summary>No command could name it, not even to erase it.</summary>
    [Theory]
    [InlineData("--yes")]
    [InlineData("-x")]
    public async Task AnIdThatLooksLikeAnOptionIsRefused(string id)
    {
        var error = await Assert.ThrowsAsync<PipelineException>(() =>
            new IntakeWorld().HandleAsync($$"""{"list_id":"{{id}}","inputs":["https://a.example/1"]}"""));
        Assert.Equal($"'{id}' cannot be a list_id. Begin it with a letter, a digit or '_'.", error.Message);
    }

    [Fact]
    public async Task ADerivedIdMayBeGivenWithTheSameList()
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/a"] = Encoding.UTF8.GetBytes(Victim);
        Assert.Equal(
            VictimId,
            (await world.HandleAsync($$"""{"source":"s3://lists/in/a","list_id":"{{VictimId}}"}""")).ListId
        );
    }

    [Fact]
    public async Task TheSameListUnderTheSameIdChangesNothing()
    {
        var world = new IntakeWorld();
        const string List = """{"list_id":"mine","inputs":["https://a.example/1"]}""";
        await world.HandleAsync(List);
        var before = world.Snapshot();
        await world.HandleAsync(List);
        Assert.Equal(before, world.Snapshot());
    }

    [Fact]
    public async Task AListPlannedByAnOlderVersionIsComparedByItsInputs()
    {
        var world = new IntakeWorld();
        const string List = """{"list_id":"mine","inputs":["https://a.example/1"]}""";
        await world.HandleAsync(List);
        world.Ledger.Lists["mine"] = world.Ledger.Lists["mine"] with { ContentHash = null };
        Assert.Equal(ListState.Open, (await world.HandleAsync(List)).State);
        await Assert.ThrowsAsync<PipelineException>(() =>
            world.HandleAsync("""{"list_id":"mine","inputs":["https://b.example/1"]}""")
        );
    }

    [Fact]
    public async Task ARefusedListIsAcceptedOnceItIsCorrectedUnderTheSameId()
    {
        var world = new IntakeWorld();
        await Assert.ThrowsAsync<PipelineException>(() =>
            world.HandleAsync("""{"list_id":"mine","inputs":["www.example.com"]}""")
        );
        Assert.Equal(ListState.Refused, Assert.Single(world.Ledger.Lists.Values).State);
        var list = await world.HandleAsync("""{"list_id":"mine","inputs":["https://www.example.com"]}""");
        Assert.Equal((ListState.Open, null, null), (list.State, list.Message, list.ClosedAt));
        Assert.Single(world.Good);
    }

    [Fact]
    public async Task AListThatChangedSinceItsSenderReadItIsRefused()
    {
        var world = new IntakeWorld();
        world.Objects["s3://lists/in/a"] = "https://a.example"u8.ToArray();
        var pointer = new ListPointer("s3://lists/in/a", ListId: "mine") { ContentHash = new('0', 64) };
        var error = await Assert.ThrowsAsync<PipelineException>(() => world.HandleAsync(pointer.ToMessage()));
        Assert.Contains("changed while it was being read", error.Message, StringComparison.Ordinal);
        Assert.Empty(world.Sent);
    }
}
