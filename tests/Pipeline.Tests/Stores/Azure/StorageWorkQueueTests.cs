using System.Text;
using Pipeline.Model;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>Azure's own part of the queues, sending and receiving. Against Azurite.</summary>
[Trait("Needs", "servers")]
public sealed class StorageWorkQueueTests(Servers servers)
{
    private const string Queue = QueueNames.UrlLists;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AMessageIsPlainTextInTheQueueAndNeverExpires()
    {
        var (account, queue, _) = await OpenAsync();

        await queue.SendAsync(Queue, ["""{"a":"<&>\"ü😀"}"""u8.ToArray()], TimeSpan.Zero, Ct);

        var message = Assert.Single((await account.Queues.GetQueueClient(Queue).PeekMessagesAsync(32, Ct)).Value);
        Assert.Equal("""{"a":"<&>\"ü😀"}""", message.Body.ToString());
        Assert.Equal(9999, message.ExpiresOn?.Year);
    }

    public static TheoryData<string> UnfitMessages =>
        [
            new string('x', 200_000), new string('&', 20_000), "https://a/\r\nhttps://b/", "a\0b", " padded ", "\uFFFE",
            ""];

    [Theory]
    [MemberData(nameof(UnfitMessages))]
    public async Task AMessageThatDoesNotFitInTheQueueArrivesByteForByteThroughAClaim(string text)
    {
        var (account, queue, receiver) = await OpenAsync();
        var body = Encoding.UTF8.GetBytes(text);

        await queue.SendAsync(Queue, [body], TimeSpan.Zero, Ct);

        Assert.Equal(
            1,
            await account.Blobs.GetBlobContainerClient(
                AzureNames.ClaimsContainer).GetBlobsAsync(cancellationToken: Ct).CountAsync(Ct));
        Assert.Equal(body, (await ReceiveAsync(receiver)).ToArray());
    }

    [Fact]
    public async Task BytesThatAreNotTextArriveToo()
    {
        var (_, queue, receiver) = await OpenAsync();
        byte[] body = [0xff, 0xfe, 0x00, 0x80];

        await queue.SendAsync(Queue, [body], TimeSpan.Zero, Ct);

        Assert.Equal(body, (await ReceiveAsync(receiver)).ToArray());
    }

    [Fact]
    public async Task AListThatMentionsTheClaimsSchemaIsNotAClaim()
    {
        var claims = new ClaimChecks((await servers.AzureAsync()).Open(), TimeProvider.System);
        foreach (var text
            in new[]
            {
                "https://a/?q=\"pipeline.claim/1\"",
                """{"url":"https://a/","tag":"pipeline.claim/1"}""",
                """["pipeline.claim/1"]""",
            })
        {
            ReadOnlyMemory<byte> body = Encoding.UTF8.GetBytes(text);
            Assert.Equal(body, await claims.RedeemAsync(body, Ct));
        }
    }

    [Fact]
    public async Task AWorkerThatLostItsLeaseChangesNothing()
    {
        var (_, queue, receiver) = await OpenAsync();
        await queue.SendAsync(Queue, [Some.Body("a")], TimeSpan.Zero, Ct);
        var first = Assert.Single((await receiver.ReceiveAsync(Queue, 1, TimeSpan.FromSeconds(1), Ct)).Messages);
        await Task.Delay(1500, Ct);
        var second = Assert.Single((await receiver.ReceiveAsync(Queue, 1, TimeSpan.FromMinutes(1), Ct)).Messages);

        Assert.Equal([first], await receiver.ExtendAsync([first, second], TimeSpan.FromMinutes(1), Ct));
        Assert.False(await receiver.CompleteAsync(first, Ct));
        Assert.False(await receiver.AbandonAsync(first, TimeSpan.Zero, "refused", Ct));
        Assert.True(await receiver.CompleteAsync(second, Ct));
        Assert.Equal(0, await receiver.CountAsync(Queue, Ct));
    }

    [Fact]
    public async Task AnExtendedLeaseIsStillValid()
    {
        var (_, queue, receiver) = await OpenAsync();
        await queue.SendAsync(Queue, [Some.Body("a")], TimeSpan.Zero, Ct);
        var message = Assert.Single((await receiver.ReceiveAsync(Queue, 1, TimeSpan.FromMinutes(1), Ct)).Messages);

        Assert.Empty(await receiver.ExtendAsync([message], TimeSpan.FromMinutes(1), Ct));
        Assert.False(await receiver.HasVisibleAsync(Queue, Ct));
        Assert.True(await receiver.ReleaseAsync(message, Ct));
        Assert.True(await receiver.HasVisibleAsync(Queue, Ct));
    }

    [Fact]
    public async Task ADelayIsShortenedToTheServicesMaximum()
    {
        var (_, queue, receiver) = await OpenAsync();

        await queue.SendAsync(Queue, [Some.Body("a")], TimeSpan.FromDays(7), Ct);
        await queue.SendAsync(Queue, [Some.Body("b")], TimeSpan.FromDays(16), Ct);
        await queue.SendAsync(Queue, [Some.Body("c")], TimeSpan.Zero, Ct);
        var received = Assert.Single((await receiver.ReceiveAsync(Queue, 3, TimeSpan.FromMinutes(1), Ct)).Messages);
        Assert.True(await receiver.AbandonAsync(received, TimeSpan.MaxValue, "later", Ct));

        Assert.Equal(3, await receiver.CountAsync(Queue, Ct));
    }

    private static async Task<ReadOnlyMemory<byte>> ReceiveAsync(StorageQueueReceiver receiver) =>
        await Assert.Single(
            (await receiver.ReceiveAsync(Queue, 32, TimeSpan.FromMinutes(1), Ct)).Messages).OpenAsync(Ct);

    private async Task<(AzureAccount Account, StorageWorkQueue Queue, StorageQueueReceiver Receiver)> OpenAsync()
    {
        var account = (await servers.AzureAsync()).Open();
        var claims = new ClaimChecks(account, TimeProvider.System);
        var queue = new StorageWorkQueue(account, claims);
        return (account, queue, new(queue, claims, TimeProvider.System));
    }
}
