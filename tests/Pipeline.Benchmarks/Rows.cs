using System.IO.Compression;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Collect;
using Pipeline.Emit;
using Pipeline.Ports;
using Pipeline.Stores.Objects;

namespace Pipeline.Benchmarks;

/// <summary>The ways that are compared.</summary>
internal sealed class Rows(byte[][] corpus)
{
    private static readonly RecordContext s_context = new()
    {
        ListId = "list",
        SubmissionId = "list-000000",
        BatchId = "batch",
        TaskId = "t-1",
        Input = new() { SubmissionId = "list-000000", Ordinal = 0, Id = "0123456789abcdef0123456789abcdef", Url = "https://example.com/", Input = """{"url":"https://example.com/"}""", Line = 1 },
        SharedInputs = "{}",
        SourceUri = "s3://bucket/list/list-000000/t-1.json",
        SourceETag = "abc",
        RequestedAt = DateTimeOffset.UnixEpoch,
        CollectedAt = DateTimeOffset.UnixEpoch,
    };

    private readonly ResultNormalizer _normalizer = new(new());

    /// <summary>Ours: verified, taken apart, digested, written as a record.</summary>
    public async Task NormalizeAllAsync(Stream output)
    {
        foreach (var document in corpus)
            await NormalizeAsync(new MemoryStream(document), output);
    }

    /// <summary>Only unpacked.</summary>
    public async Task GunzipAllAsync()
    {
        foreach (var document in corpus)
        {
            await using var gzip = new GZipStream(new MemoryStream(document), CompressionMode.Decompress);
            await gzip.CopyToAsync(Stream.Null);
        }
    }

    /// <summary>What one would write first: parse the document, write the record.</summary>
    public async Task ParseAllAsync()
    {
        foreach (var stored in corpus)
        {
            await using var gzip = new GZipStream(new MemoryStream(stored), CompressionMode.Decompress);
            using var document = await JsonDocument.ParseAsync(gzip);
            await using var writer = new Utf8JsonWriter(Stream.Null);
            writer.WriteStartObject();
            writer.WriteString("url", document.RootElement.GetProperty("url").GetString());
            writer.WriteString("status", document.RootElement.GetProperty("status").GetString());
            writer.WritePropertyName("content");
            document.RootElement.GetProperty("data").WriteTo(writer);
            writer.WriteNumber("http_status", document.RootElement.GetProperty("status_code").GetInt32());
            writer.WriteEndObject();
        }
    }

    /// <summary>Reads by our store from <paramref name="endpoint"/>, and normalizes.</summary>
    public async Task ReadByStoreAsync(Uri endpoint, int times)
    {
        using var store = new S3ObjectStore(new() { S3Endpoint = endpoint, S3AccessKey = "key", S3SecretKey = "secret" }, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
        for (var i = 0; i < times; i++)
        {
            await using var read = await store.OpenAsync(new ObjectUri("s3", "bucket", $"a/{i}.json.gz"), CancellationToken.None);
            await NormalizeAsync(read!.Body, Stream.Null);
        }
    }

    /// <summary>The same by a bare client, without signature, checksum or retries.</summary>
    public async Task ReadByHttpClientAsync(Uri endpoint, int times)
    {
        using var http = new HttpClient();
        for (var i = 0; i < times; i++)
        {
            using var response = await http.GetAsync(new Uri(endpoint, $"bucket/a/{i}.json.gz"), HttpCompletionOption.ResponseHeadersRead);
            await NormalizeAsync(await response.Content.ReadAsStreamAsync(), Stream.Null);
        }
    }

    /// <summary>The same by the SDK.</summary>
    public async Task ReadBySdkAsync(Uri endpoint, int times)
    {
        using var s3 = new AmazonS3Client(new BasicAWSCredentials("key", "secret"), new AmazonS3Config { ServiceURL = endpoint.AbsoluteUri, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        for (var i = 0; i < times; i++)
        {
            using var response = await s3.GetObjectAsync("bucket", $"a/{i}.json.gz");
            await NormalizeAsync(response.ResponseStream, Stream.Null);
        }
    }

    private async Task NormalizeAsync(Stream stored, Stream output)
    {
        using var result = await _normalizer.NormalizeAsync(stored, CancellationToken.None);
        await using var record = RecordComposer.Compose(result, s_context);
        await record.CopyToAsync(output, CancellationToken.None);
    }
}
