using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>A storage account with parts and their messages, as the pipeline leaves them.</summary>
internal sealed class PartAccount
{
    private readonly List<string> _requests = [];

    private PartAccount(string connection)
    {
        Connection = connection;
        var blobs = new BlobClientOptions();
        blobs.AddPolicy(new Recorder(_requests), HttpPipelinePosition.PerCall);
        Records = new(connection, "records", blobs);
        var queues = new QueueClientOptions();
        queues.AddPolicy(new Recorder(_requests), HttpPipelinePosition.PerCall);
        Queue = new(connection, "records", queues);
        Poison = new(connection, "records-poison");
    }

    public string Connection { get; }

    public BlobContainerClient Records { get; }

    public QueueClient Queue { get; }

    public QueueClient Poison { get; }

    /// <summary>Method and path of each request that <see cref="Records"/> and <see cref="Queue"/> sent.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public static async Task<PartAccount> CreateAsync(AzuriteAccount account)
    {
        var parts = new PartAccount(account.ConnectionString());
        await parts.Records.CreateAsync();
        await parts.Queue.CreateAsync();
        return parts;
    }

    /// <summary>Stores lines as one part. Returns the message that names the winners.</summary>
    public async Task<PartMessage> PutAsync(
        string part, IReadOnlyList<string> lines, IReadOnlyList<int>? winners = null, bool sends = true)
    {
        var blob = Records.GetBlobClient($"list/sub-0/{part}.ndjson.gz");
        var (bytes, records) = (new List<byte>(), new List<PartRecord>());
        foreach (var (i, line) in lines.Index())
        {
            var member = RecordLine.Member(line);
            var record = JsonSerializer.Deserialize(line, RecordsJson.Default.Record)!;
            if (winners?.Contains(i) != false)
                records.Add(new()
                {
                    Id = record.Id,
                    Url = record.Url,
                    HttpStatus = record.HttpStatus,
                    Offset = bytes.Count,
                    Length = member.Length,
                    ContentDigest = record.ContentDigest,
                });
            bytes.AddRange(member);
        }
        await blob.UploadAsync(new BinaryData(bytes.ToArray()));
        var message = new PartMessage
        {
            Schema = PartMessage.SchemaName,
            ListId = "list",
            SubmissionId = "sub-0",
            Uri = blob.Uri,
            Records = records,
        };
        if (sends)
            await SendAsync(message);
        return message;
    }

    /// <summary>Writes a blob of another container.</summary>
    public async Task WriteAsync(string container, string blob, string text)
    {
        var client = new BlobContainerClient(Connection, container);
        await client.CreateIfNotExistsAsync();
        await client.UploadBlobAsync(blob, new BinaryData(text));
    }

    public Task SendAsync(PartMessage message) =>
        Queue.SendMessageAsync(JsonSerializer.Serialize(message, RecordsJson.Default.PartMessage));

    public RecordQueueReader Read(RecordQueueOptions? options = null, TimeProvider? time = null) =>
        new(Queue, Records, options, time);

    /// <summary>Number of messages in the queue, visible or not.</summary>
    public async Task<long> CountAsync() => (await Queue.GetPropertiesAsync()).Value.ApproximateMessagesCount;

    private sealed class Recorder(List<string> requests) : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message)
        {
            lock (requests)
                requests.Add($"{message.Request.Method} {message.Request.Uri.Path.TrimStart('/')}");
        }
    }
}
