using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>Decodes a message's text to the bytes that its stage receives.</summary>
public sealed class StorageMessageTests
{
    private readonly ClaimChecks _claims = new(
        new(new() { ConnectionString = "UseDevelopmentStorage=true" }), TimeProvider.System);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(MessageTexts.Pairs), MemberType = typeof(MessageTexts))]
    public async Task AMessageIsDecodedAsInEveryHost(string text, string body) =>
        Assert.Equal(body, Encoding.UTF8.GetString((await Message(text).OpenAsync(Ct)).Span));

    [Fact]
    public async Task GzipInBase64ArrivesAsGzip()
    {
        var body = await Message(MessageTexts.Gzipped).OpenAsync(Ct);

        Assert.Equal([0x1f, 0x8b], body[..2].ToArray());
    }

    [Theory]
    [InlineData("../other/e.txt", 1)]
    [InlineData("url-lists/2026-01-01/../../../other/00000000000000000000000000000000", 1)]
    [InlineData("..", 1)]
    [InlineData("url-lists/2026-01-01/00000000000000000000000000000000?sas", 1)]
    [InlineData("url-lists/2026-01-01/00000000000000000000000000000000\n", 1)]
    [InlineData("url-lists/2026-01-01/00000000000000000000000000000000", 450_000_000)]
    [InlineData("url-lists/2026-01-01/00000000000000000000000000000000", -1)]
    public async Task AForgedClaimIsRefusedWithoutARequest(string blob, long bytes)
    {
        var problem = await Assert.ThrowsAsync<PipelineException>(
            () => Message(Claim(blob, bytes, "00")).OpenAsync(Ct));

        Assert.Equal((true, FailureReasons.InvalidInput), (problem.IsPermanent, problem.Reason));
    }

    [Fact]
    public async Task AMessageThatIsTooLargeForAClaimIsRefusedWhenSent()
    {
        var problem = await Assert.ThrowsAsync<PipelineException>(
            () => _claims.DepositAsync(QueueNames.UrlLists, new byte[ClaimChecks.MaxBytes + 1], Ct));

        Assert.Equal((true, FailureReasons.LimitExceeded), (problem.IsPermanent, problem.Reason));
    }

    internal static string Claim(string blob, long bytes, string sha256) =>
        System.Text.Json.JsonSerializer.Serialize(new { schema = "pipeline.claim/1", blob, bytes, sha256 });

    private StorageMessage Message(string text) => new(QueueNames.UrlLists, "id", "receipt", text, _claims, 1);
}

/// <summary>A host dead-letters claims that cannot be redeemed.</summary>
[Trait("Needs", "servers")]
public sealed class UnusableClaimTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EachUnusableClaimMovesToThePoisonQueueAndTheHostContinues()
    {
        var account = (await servers.AzureAsync()).Open();
        var claims = new ClaimChecks(account, TimeProvider.System);
        var queue = new StorageWorkQueue(account, claims);
        var container = account.Blobs.GetBlobContainerClient(AzureNames.ClaimsContainer);
        await queue.SendAsync(QueueNames.UrlLists, [new byte[100_000]], TimeSpan.Zero, Ct);
        await container.DeleteBlobAsync(
            (await container.GetBlobsAsync(cancellationToken: Ct).SingleAsync(Ct)).Name, cancellationToken: Ct);
        var blob = $"url-lists/2026-01-01/{new string('0', 32)}";
        await container.GetBlobClient(blob).UploadAsync(new BinaryData(new byte[9]), Ct);
        string[] bad =
        [
            StorageMessageTests.Claim("..", 1, "00"),
            StorageMessageTests.Claim(blob, 9, "00"),
            StorageMessageTests.Claim(blob, 8, Convert.ToHexStringLower(SHA256.HashData(new byte[8]))),
        ];
        await queue.SendAsync(
            QueueNames.UrlLists, [.. bad.Select(text => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(text))],
            TimeSpan.Zero, Ct);
        await queue.SendAsync(QueueNames.UrlLists, [Some.Body("good")], TimeSpan.Zero, Ct);
        var (handled, dead) = (new List<string>(), new List<Exception>());

        await RunAsync(new(queue, claims, TimeProvider.System), handled, dead, () => handled.Count == 1
            && dead.Count == 4);

        Assert.Equal([Encoding.UTF8.GetString(Some.Body("good").Span)], handled);
        Assert.Equal(
            [
                FailureReasons.Internal, FailureReasons.InvalidInput, FailureReasons.ObjectDamaged,
                FailureReasons.ObjectDamaged],
            dead.Select(e => Assert.IsType<PipelineException>(e).Reason).Order());
        Assert.Equal(
            4,
            (
                await account.Queues.GetQueueClient("url-lists-poison")
                    .GetPropertiesAsync(Ct)).Value.ApproximateMessagesCount);
    }

    private static async Task RunAsync(
        StorageQueueReceiver receiver, List<string> handled, List<Exception> dead, Func<bool> isDone)
    {
        var runner = new QueueHost(
            receiver,
            [new(QueueNames.UrlLists, 1, (body, _) => Add(handled, Encoding.UTF8.GetString(body.Span)))],
            _ => Task.CompletedTask,
            (_, _, error, _) => Add(dead, error),
            new()
            {
                RetryDelay = TimeSpan.Zero,
                IdleSweepInterval = TimeSpan.FromMilliseconds(20),
                SweepInterval = TimeSpan.FromMilliseconds(20),
            },
            TimeProvider.System,
            new Random(1),
            new(TimeProvider.System),
            NullLogger<QueueHost>.Instance);
        await runner.RunAsync(_ => Task.FromResult(isDone()), Ct).WaitAsync(TimeSpan.FromMinutes(1), Ct);
    }

    private static Task Add<T>(List<T> list, T item)
    {
        lock (list)
            list.Add(item);
        return Task.CompletedTask;
    }
}
