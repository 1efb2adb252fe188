using System.Text.Json;
using Pipeline.Tests.Collect;

namespace Pipeline.Tests.Submit.Evidence;

/// <summary>Tasks match their inputs however each side spells the URL.</summary>
[Trait("Promise", "8")]
public sealed class UrlComparisonTests
{
    [Fact]
    public async Task APunycodeEchoMatchesTheInputWithAnUmlaut()
    {
        await using var world = await CollectWorld.StartAsync(
            """{"url":"https://bücher.example/"}""", """{"url":"https://plain.example/"}""");
        await DeliverAsync(world, 0, "https://xn--bcher-kva.example/");
        await DeliverAsync(world, 1, "https://plain.example/");
        await world.ReceiveWebhookAsync(0, 1);
        Assert.Equal(["https://bücher.example/", "https://plain.example/"], Urls(world));
    }

    [Theory]
    [InlineData("https://a.example:443/x/../y?q=%c3%bc", "https://A.example/y?q=ü")]
    [InlineData("https://a.example/#part", "https://a.example")]
    public async Task SpellingMakesNoDifference(string given, string told)
    {
        await using var world = await CollectWorld.StartAsync(
            $$"""{"url":"{{given}}"}""", """{"url":"https://plain.example/"}""");
        await DeliverAsync(world, 0, told);
        await world.ReceiveWebhookAsync(0);
        Assert.Equal([given], Urls(world));
    }

    [Fact]
    public async Task TagsDistinguishInputsWithTheSameCanonicalUrl()
    {
        await using var world = await CollectWorld.StartAsync(
            """{"url":"https://a.example"}""", """{"url":"https://A.example/#b"}""",
            """{"url":"https://plain.example/"}""");
        var inputs = await world.World.InputsAsync();
        Assert.Contains(inputs[0].Id, inputs[0].Input);
        Assert.Contains(inputs[1].Id, inputs[1].Input);
        Assert.DoesNotContain(inputs[2].Id, inputs[2].Input);
        await world.DeliverAsync(
            0, CollectWorld.Result(0, $$""","url":"https://a.example/","metadata":{"tag":"{{inputs[1].Id}}"}"""));
        await world.ReceiveWebhookAsync(0);
        Assert.Equal(["https://A.example/#b"], Urls(world));
    }

    [Fact]
    public async Task TheLastOpenTaskGetsTheLastOpenInputWhateverItsUrl()
    {
        await using var world = await CollectWorld.StartAsync(
            CollectWorld.Url(0), CollectWorld.Url(1), CollectWorld.Url(2));
        await DeliverAsync(world, 0, "https://elsewhere.example/");
        await DeliverAsync(world, 1, "https://a.example/2");
        await DeliverAsync(world, 2, "https://a.example/3");
        await world.ReceiveWebhookAsync(1, 2, 0);
        Assert.Equal(
            "t-1-0",
            Assert.Single(
                world.Records, r => Text(r, "url") == "https://a.example/1").GetProperty("task_id").GetString());
    }

    [Fact]
    public async Task AnUnmatchedResultIsCollectedOnceTheOthersAreKnown()
    {
        await using var world = await CollectWorld.StartAsync(CollectWorld.Url(0), CollectWorld.Url(1));
        await DeliverAsync(world, 0, "https://elsewhere.example/");
        await DeliverAsync(world, 1, "https://a.example/2");
        world.EndBatch("""{"id":"t-1-0","state":"success"}""", """{"id":"t-1-1","state":"success"}""");
        await world.ReceiveWebhookAsync(0, 1);
        Assert.Single(world.Records);
        await world.PassAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(["https://a.example/1", "https://a.example/2"], Urls(world));
    }

    [Fact]
    public async Task TwoOpenTasksAreNotGuessed()
    {
        await using var world = await CollectWorld.StartAsync(
            CollectWorld.Url(0), CollectWorld.Url(1), CollectWorld.Url(2));
        await DeliverAsync(world, 0, "https://elsewhere.example/");
        await DeliverAsync(world, 1, "https://elsewhere.example/");
        await DeliverAsync(world, 2, "https://a.example/3");
        await world.ReceiveWebhookAsync(2, 0, 1);
        Assert.Equal(["https://a.example/3"], Urls(world));
    }

    private static Task DeliverAsync(CollectWorld world, int task, string url) =>
        world.DeliverAsync(task, CollectWorld.Result(task, $$""","url":"{{url}}" """));

    private static string[] Urls(CollectWorld world) =>
        [.. world.Records.Select(r => Text(r, "url")).Order(StringComparer.Ordinal)];

    private static string Text(JsonElement record, string name) => record.GetProperty(name).GetString()!;
}
