using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>
/// The readers of queues <c>failures</c> and <c>manifests</c>, over real queues and blobs: documents in messages, and
/// documents that messages point to.
/// </summary>
[Trait("Needs", "servers")]
public sealed class DocumentQueueTests(Servers servers)
{
    private readonly List<RecordQueueProblem> _problems = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FailuresComeFromMessagesAndFromTheBlobsThatTheyPointTo()
    {
        var (queue, container) = await CreateAsync("failures");
        await queue.SendMessageAsync(Failure("a"), Token);
        await queue.SendMessageAsync(await StoreAsync(container, "list/b.json", "b", Failure("b")), Token);

        var failures = await Failures(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token);

        Assert.Equal(["a", "b"], failures.Select(failure => failure.Id));
        Assert.Empty(_problems);
        Assert.Equal(0, (await queue.GetPropertiesAsync(Token)).Value.ApproximateMessagesCount);
    }

    /// <summary>A consumer may start before the first failure, which creates the queue.</summary>
    [Fact]
    public async Task AQueueThatDoesNotExistYetIsEmpty()
    {
        var (queue, container) = await CreateAsync("failures");
        await queue.DeleteAsync(Token);
        Assert.Empty(await Failures(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token));

        await queue.CreateAsync(cancellationToken: Token);
        await queue.SendMessageAsync(Failure("a"), Token);
        Assert.Single(await Failures(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task ALoopThatEndsEarlyGetsTheFailureAgain()
    {
        var (queue, container) = await CreateAsync("failures");
        await queue.SendMessageAsync(Failure("a"), Token);

        await foreach (var _ in Failures(queue, container).ReadAsync(untilEmpty: true, Token))
            break;

        Assert.Single(await Failures(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token));
    }

    /// <summary>The pipeline deletes a failure's blob when a record replaces it.</summary>
    [Fact]
    public async Task AFailureWhoseBlobIsGoneIsLeftOut()
    {
        var (queue, container) = await CreateAsync("failures");
        await queue.SendMessageAsync(await StoreAsync(container, "list/a.json", "a", Failure("a")), Token);
        await container.DeleteBlobAsync("list/a.json", cancellationToken: Token);

        Assert.Empty(await Failures(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token));

        Assert.Empty(_problems);
        Assert.Equal(0, (await queue.GetPropertiesAsync(Token)).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task ManifestsComeFromMessagesAndFromBlobs()
    {
        var (queue, container) = await CreateAsync("manifests");
        await queue.SendMessageAsync(Manifest("a"), Token);
        await queue.SendMessageAsync(await StoreAsync(container, "b.json", "b", Manifest("b")), Token);

        var manifests = await Manifests(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token);

        Assert.Equal(["a", "b"], manifests.Select(manifest => manifest.ListId));
    }

    [Theory]
    [InlineData("{\"schema\":\"pipeline.part/1\"}")]
    [InlineData("nonsense")]
    [InlineData("[1]")]
    [InlineData("""{"schema":"pipeline.pointer/1","id":"a","uri":"x","bytes":1,"sha256":""}""")]
    [InlineData("""{"schema":"pipeline.manifest/1"}""")]
    public async Task AMessageOfAnotherKindGoesToThePoisonQueueAtOnce(string text)
    {
        var (queue, container) = await CreateAsync("failures");
        await queue.SendMessageAsync(text, Token);
        await queue.SendMessageAsync(Failure("a"), Token);

        Assert.Single(await Failures(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token));

        Assert.Equal((text, true), (Assert.Single(_problems).Text, _problems[0].IsPoison));
    }

    [Theory]
    [InlineData("other bytes", "has a different SHA-256")]
    [InlineData("another container", "is not a blob in container")]
    [InlineData("another id", "is not a")]
    [Trait("Promise", "4")]
    public async Task APointerToSomethingElseIsPutOffAndEndsInThePoisonQueue(string how, string problem)
    {
        var (queue, container) = await CreateAsync("manifests");
        var pointer = await StoreAsync(container, "a.json", "a", Manifest(how == "another id" ? "b" : "a"));
        await queue.SendMessageAsync(
            how switch
            {
                "other bytes" => pointer.Replace("\"sha256\":\"", "\"sha256\":\"0", StringComparison.Ordinal),
                "another container" => pointer.Replace("/manifests/", "/secrets/", StringComparison.Ordinal),
                _ => pointer,
            },
            Token);

        Assert.Empty(await Manifests(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token));

        Assert.Equal([false, false, true], _problems.Select(p => p.IsPoison));
        Assert.Contains(problem, _problems[0].Reason, StringComparison.Ordinal);
    }

    /// <summary>A list that closed again has a new manifest under the same name.</summary>
    [Fact]
    public async Task AManifestThatWasReplacedIsGivenAsItIsNow()
    {
        var (queue, container) = await CreateAsync("manifests");
        await queue.SendMessageAsync(await StoreAsync(container, "a.json", "a", Manifest("a")), Token);
        // Times of blobs have seconds only.
        await Task.Delay(TimeSpan.FromSeconds(1.1), Token);
        await StoreAsync(container, "a.json", "a", Manifest("a", records: 7));

        var manifest = Assert.Single(
            await Manifests(queue, container).ReadAsync(untilEmpty: true, Token).ToListAsync(Token));

        Assert.Equal((7, 0), (manifest.Records, _problems.Count));
    }

    private RecordQueueOptions Options => new()
    {
        RetryDelay = TimeSpan.Zero, MaxTries = 2, OnProblem = _problems.Add,
    };

    private FailureQueueReader Failures(QueueClient queue, BlobContainerClient container) =>
        new(queue, container, Options);

    private ManifestQueueReader Manifests(QueueClient queue, BlobContainerClient container) =>
        new(queue, container, Options);

    private async Task<(QueueClient, BlobContainerClient)> CreateAsync(string name)
    {
        var connection = (await servers.AzureAsync()).ConnectionString();
        var (queue, container) = (new QueueClient(connection, name), new BlobContainerClient(connection, name));
        await queue.CreateIfNotExistsAsync(cancellationToken: Token);
        await container.CreateIfNotExistsAsync(cancellationToken: Token);
        return (queue, container);
    }

    /// <summary>Stores a document, and returns the message that points to it.</summary>
    private static async Task<string> StoreAsync(BlobContainerClient container, string blob, string id, string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        await container.GetBlobClient(blob).UploadAsync(new BinaryData(bytes), overwrite: true, Token);
        return $$"""{"schema":"pipeline.pointer/1","id":"{{id}}","uri":"{{container.GetBlobClient(blob).Uri}}","""
            + $"\"bytes\":{bytes.Length},\"sha256\":\"{Convert.ToHexStringLower(SHA256.HashData(bytes))}\"}}";
    }

    private static string Failure(string id) =>
        $$"""{"schema":"pipeline.failure/1","id":"{{id}}","list_id":"list","submission_id":"s","url":"https://a/","""
        + "\"input\":{\"url\":\"https://a/\"},\"stage\":\"collect\",\"reason\":\"task_failed\",\"message\":\"m\","
        + "\"attempts\":1,\"last_attempt_at\":\"2026-03-19T10:00:00.000Z\",\"retryable\":true}";

    private static string Manifest(string listId, int records = 1) =>
        $$"""{"schema":"pipeline.manifest/1","list_id":"{{listId}}","inputs":{{records}},"records":{{records}},"""
        + "\"failures\":0,\"duplicates\":0,\"failures_by_reason\":{},\"records_by_http_status\":{},\"learnt\":{},"
        + "\"submissions\":[],\"locations\":[],\"created_at\":\"2026-03-19T10:00:00.000Z\","
        + "\"closed_at\":\"2026-03-19T10:00:01.000Z\",\"duration_ms\":1000}";
}
