using System.Text;
using System.Text.Json;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>The deployed app over Azure Storage.</summary>
[Trait("Needs", "servers")]
public sealed class AzureTests(Servers servers)
{
    [Fact]
    public async Task AListTooLargeForAMessageIsProcessedToItsEnd()
    {
        using var folder = new TempFolder();
        await using var emulator = await AppSettings.StartEmulatorAsync(folder.Path);
        await using var app = await DeployedApp.StartAsync(await servers.AzureAsync(), emulator, new());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        var list = new StringBuilder("# ").Append('x', 60_000).AppendLine();
        list.Append("# ").Append('y', 60_000).AppendLine();
        for (var i = 1; i <= 20; i++)
            list.AppendLine(
                System.Globalization.CultureInfo.InvariantCulture,
                $"http://sample.test/sample/generated/{i}?bytes=2000");
        list.AppendLine("not a URL");
        await app.Queue.SendAsync(
            QueueNames.UrlLists, [Encoding.UTF8.GetBytes(list.ToString())], TimeSpan.Zero, limit.Token);
        await app.Queue.SendAsync(QueueNames.Results, ["not ours"u8.ToArray()], TimeSpan.Zero, limit.Token);

        var closed = await RunAsync(app, limit.Token);

        Assert.Equal((21, 1), (closed.Inputs, closed.Invalid));
        using var http = app.Client();
        var status = JsonElement.Parse(await http.GetStringAsync($"api/status/{closed.ListId}", limit.Token));
        Assert.Equal((20, 1), (status.GetProperty("records").GetInt32(), status.GetProperty("failures").GetInt32()));
        Assert.Equal(20, await CountAnnouncedAsync(app, limit.Token));
        Assert.Equal(1, await CountAsync(app, "failures", limit.Token));
        Assert.Equal(1, await CountAsync(app, "manifests", limit.Token));
    }

    /// <summary>Runs the timer repeatedly until the list is closed.</summary>
    private static async Task<ListEntry> RunAsync(DeployedApp app, CancellationToken cancellationToken)
    {
        string? listId = null;
        while (true)
        {
            await foreach (var open in app.Ledger.GetOpenListsAsync(cancellationToken))
                listId = open.ListId;
            if (listId is not null
                && await app.Ledger.GetListAsync(listId, cancellationToken) is { State: ListState.Closed } closed)
                return closed;
            Assert.Equal(
                Host.Protocol.StatusResult.Types.Status.Success,
                (await app.Host.InvokeTimerAsync("Sweep", cancellationToken)).Status);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>The records that the messages of parts name; each once.</summary>
    private static async Task<int> CountAnnouncedAsync(DeployedApp app, CancellationToken cancellationToken)
    {
        var messages = await app.Account.Queues.GetQueueClient("records")
            .ReceiveMessagesAsync(32, TimeSpan.FromMinutes(5), cancellationToken);
        return messages.Value
            .SelectMany(message => JsonElement.Parse(message.Body.ToString()).GetProperty("records").EnumerateArray())
            .DistinctBy(record => record.GetProperty("id").GetString())
            .Count();
    }

    /// <summary>Returns the number of messages in a queue.</summary>
    private static async Task<int> CountAsync(DeployedApp app, string queue, CancellationToken cancellationToken) =>
        (
            await app.Account.Queues.GetQueueClient(queue)
                .GetPropertiesAsync(cancellationToken)).Value.ApproximateMessagesCount;
}
