using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Collect;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Sweep;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Sweep;

/// <summary>The process that gives the last outcome of a list closes it at once, without waiting for a timer.</summary>
[Trait("Promise", "1")]
public sealed class ClosingStageTests
{
    private const int Inputs = 6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task TheProcessWithTheLastRecordClosesTheListWithoutASweep(int last)
    {
        await using var world = await StartAsync();
        await using var other = await world.OpenAsync();
        IServiceProvider[] processes = [world.Service<IServiceProvider>(), other];
        for (var i = 0; i < Inputs; i++)
        {
            var process = processes[(i + Inputs - 1 + last) % 2];
            await CollectAsync(world, process, $"t-1-{i}");
            await process.GetRequiredService<ClosingStage>().HandleAsync(Token);
            var state = (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State;
            Assert.Equal(i < Inputs - 1 ? ListState.Open : ListState.Closed, state);
        }

        Assert.Equal(Inputs, world.State.Lines("records.ndjson").Length);
        var manifest = string.Concat(world.State.Lines("manifest.json")).Replace(" ", "", StringComparison.Ordinal);
        Assert.Contains("\"records\":6", manifest);
    }

    [Fact]
    public async Task WhatAKilledProcessFinishedIsDueForSweep()
    {
        await using var world = await StartAsync();
        for (var i = 0; i < Inputs; i++)
            await CollectAsync(world, world.Service<IServiceProvider>(), $"t-1-{i}");

        // The process ends before it closes anything; another one sweeps.
        await using var other = await world.OpenAsync();
        await other.GetRequiredService<SweepStage>().HandleAsync(Token);

        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
    }

    private static async Task<SubmitWorld> StartAsync()
    {
        var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(Inputs);
        await world.WorkAsync();
        for (var i = 0; i < Inputs; i++)
            await DeliverAsync(world, i);
        return world;
    }

    private static Task CollectAsync(SubmitWorld world, IServiceProvider process, string taskId) =>
        process.GetRequiredService<CollectStage>().HandleAsync(
            JsonSerializer.SerializeToUtf8Bytes(
                new ResultMessage("list-000000", taskId, DiscoveredBy.Webhook, world.State.Time.GetUtcNow()),
                PipelineJson.Plain.ResultMessage),
            Token);

    private static Task DeliverAsync(SubmitWorld world, int task)
    {
        var url = SubmitWorld.Url(task + 1);
        var json = $$"""{"url":"{{url}}","task_id":"t-1-{{task}}","status":"success","data":{"html":"<p>"} }""";
        return world.Bucket.WriteAsync(
            ObjectUri.Parse($"s3://results/x/list/list-000000/t-1-{task}.json"),
            new MemoryStream(Encoding.UTF8.GetBytes(json)),
            Token);
    }
}
