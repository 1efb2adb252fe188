using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Hosting;

/// <summary>The stages in another program's host, which registers them and sends lists.</summary>
public sealed class PipelineWorkerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AHostThatAddsTheWorkerTakesAListToItsEnd()
    {
        await using var rig = await Rig.StartAsync();
        await using var state = new LocalState();
        var settings = rig.Settings("none");
        var builder = Host.CreateApplicationBuilder();
        builder.Services
            .AddPipeline(settings.Apply)
            .AddLocalStores(await state.OpenAsync(), await state.OpenSinkAsync())
            .AddCloudObjects(settings.Stores)
            .AddPipelineWorker();
        using var host = builder.Build();
        await host.StartAsync(Token);

        var inputs = string.Join(',', Rig.Urls(5).Select(url => $"\"{url}\""));
        var list = Encoding.UTF8.GetBytes($$"""{"list_id":"mine","inputs":[{{inputs}}]}""");
        await host.Services.GetRequiredService<IWorkQueue>().SendAsync(
            QueueNames.UrlLists, [list], TimeSpan.Zero, Token);
        using var limit = new CancellationTokenSource(Patience.Limit);
        var ledger = host.Services.GetRequiredService<ILedger>();
        while (await ledger.GetListAsync("mine", Token) is not { State: ListState.Closed })
            await Task.Delay(50, limit.Token);
        await host.StopAsync(Token);

        Assert.Equal(5, state.Lines("records.ndjson").Length);
    }
}
