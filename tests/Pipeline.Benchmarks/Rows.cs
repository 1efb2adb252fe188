using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Collect.Normalize;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Gcs;
using Pipeline.Stores.S3;

namespace Pipeline.Benchmarks;

/// <summary>The ways to process documents that are compared, one slice of the documents at a time.</summary>
internal sealed class Rows(IEnumerable<byte[]> corpus)
{
    private const int SliceDocuments = 20;

    private static readonly RecordContext Context = new()
    {
        ListId = "list",
        SubmissionId = "list-000000",
        BatchId = "batch",
        TaskId = "t-1",
        Input = new()
        {
            SubmissionId = "list-000000",
            Ordinal = 0,
            Id = "0123456789abcdef0123456789abcdef",
            Url = "https://example.com/",
            Input = """{"url":"https://example.com/"}""",
            Line = 1,
        },
        SharedInputs = "{}",
        SourceUri = "s3://bucket/list/list-000000/t-1.json",
        SourceETag = "abc",
        RequestedAt = DateTimeOffset.UnixEpoch,
        CollectedAt = DateTimeOffset.UnixEpoch,
    };

    private static readonly ResultNormalizer Normalizer = new(new());

    // Opened once, so that they do not count as garbage.
    private readonly MemoryStream[] _corpus = [.. corpus.Select(document => new MemoryStream(document))];

    /// <summary>Number of slices of the documents.</summary>
    public int Slices => (_corpus.Length + SliceDocuments - 1) / SliceDocuments;

    /// <summary>Size of all documents before gzip, bytes.</summary>
    public long ExpandedBytes { get; } = corpus.Sum(document =>
    {
        using var gzip = new GZipStream(new MemoryStream(document), CompressionMode.Decompress);
        var buffer = new byte[64 * 1024];
        long sum = 0;
        for (int read; (read = gzip.Read(buffer)) > 0;)
            sum += read;
        return sum;
    });

    /// <summary>Our way: verify, split into fields, compute the digest, write the record.</summary>
    public static async Task NormalizeAsync(Stream stored, Stream output)
    {
        using var result = await Normalizer.NormalizeAsync(stored, CancellationToken.None);
        // Most results name the requested URL.
        result.Url = Context.Input.Url;
        await using var record = RecordComposer.Compose(result, Context);
        await record.CopyToAsync(output, CancellationToken.None);
    }

    /// <summary>Decompresses only, in reads of 64 KB.</summary>
    public static async Task GunzipAsync(Stream stored)
    {
        await using var gzip = new GZipStream(stored, CompressionMode.Decompress, leaveOpen: true);
        await gzip.CopyToAsync(Stream.Null, 64 * 1024);
    }

    /// <inheritdoc cref="NormalizeAsync(Stream, Stream)"/>
    public async Task NormalizeAsync(int slice)
    {
        foreach (var document in Slice(slice))
            await NormalizeAsync(document, Stream.Null);
    }

    /// <inheritdoc cref="GunzipAsync(Stream)"/>
    public async Task GunzipAsync(int slice)
    {
        foreach (var document in Slice(slice))
            await GunzipAsync(document);
    }

    /// <summary>The obvious way: parse the document, write the record.</summary>
    public async Task ParseAsync(int slice)
    {
        foreach (var stored in Slice(slice))
        {
            await using var gzip = new GZipStream(stored, CompressionMode.Decompress, leaveOpen: true);
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

    private IEnumerable<MemoryStream> Slice(int slice)
    {
        foreach (var document in _corpus.Skip(slice * SliceDocuments).Take(SliceDocuments))
        {
            document.Position = 0;
            yield return document;
        }
    }
}

/// <summary>The ways to read an object over HTTP and normalize it; a slice is a number of sequential reads.</summary>
internal sealed class ReadRows(Uri endpoint) : IDisposable
{
    /// <summary>Number of reads in a slice.</summary>
    public const int SliceReads = 50;

    private readonly S3ObjectStore _s3 = new(
        new() { S3Endpoint = endpoint, S3AccessKey = "key", S3SecretKey = "secret" }, TimeProvider.System,
        NullLogger<S3ObjectStore>.Instance);
    private readonly GcsObjectStore _gcs = new(
        new() { GcsEndpoint = endpoint.AbsoluteUri }, TimeProvider.System, NullLogger<GcsObjectStore>.Instance);
    private readonly AzureAccount _account = Account(endpoint);
    private readonly AzureBlobStore _azure =
        new(Account(endpoint), TimeProvider.System, NullLogger<AzureBlobStore>.Instance);
    private readonly AmazonS3Client _sdk =
        new(
            new BasicAWSCredentials("key", "secret"),
            new AmazonS3Config
            {
                ServiceURL = endpoint.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
            });

    private readonly HttpClient _http = new();

    public Task ReadS3Async(int slice) =>
        RepeatAsync(slice, i => ReadAsync(_s3, new("s3", "bucket", $"a/{i}.json.gz")));

    public Task ReadGcsAsync(int slice) =>
        RepeatAsync(slice, i => ReadAsync(_gcs, new("gs", "bucket", $"a/{i}.json.gz")));

    /// <summary>Reads with a bare client, without signature, checksum or retries.</summary>
    public Task ReadBareAsync(int slice) => RepeatAsync(slice, async i =>
    {
        using var response = await _http.GetAsync(
            new Uri(endpoint, $"bucket/a/{i}.json.gz"), HttpCompletionOption.ResponseHeadersRead);
        await Rows.NormalizeAsync(await response.Content.ReadAsStreamAsync(), Stream.Null);
    });

    public Task ReadSdkAsync(int slice) => RepeatAsync(slice, async i =>
    {
        using var response = await _sdk.GetObjectAsync("bucket", $"a/{i}.json.gz");
        await Rows.NormalizeAsync(response.ResponseStream, Stream.Null);
    });

    public Task ReadAzureAsync(int slice) =>
        RepeatAsync(slice, i => ReadAsync(_azure, new("azblob", "bucket", $"a/{i}.json.gz")));

    /// <summary>
    /// Reads with the SDK's own resuming stream, and verifies the MD5, which the SDK leaves to its caller.
    /// </summary>
    public Task ReadAzureSdkAsync(int slice) => RepeatAsync(slice, async i =>
    {
        var blob = _account.Blobs.GetBlobContainerClient("bucket").GetBlobClient($"a/{i}.json.gz");
        using var download = (await blob.DownloadStreamingAsync()).Value;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        await Rows.NormalizeAsync(new HashedStream(download.Content, hash), Stream.Null);
        if (!hash.GetCurrentHash().AsSpan().SequenceEqual(download.Details.ContentHash))
            throw new InvalidDataException();
    });

    public void Dispose()
    {
        _azure.Dispose();
        _account.Dispose();
        _s3.Dispose();
        _gcs.Dispose();
        _sdk.Dispose();
        _http.Dispose();
    }

    private static AzureAccount Account(Uri endpoint) => new(new AzureStorageOptions
    {
        ConnectionString = $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint={endpoint}a",
    });

    private static async Task ReadAsync(IObjectStore store, ObjectUri uri)
    {
        await using var read = await store.OpenAsync(uri, CancellationToken.None);
        await Rows.NormalizeAsync(read!.Body, Stream.Null);
    }

    private static async Task RepeatAsync(int slice, Func<int, Task> read)
    {
        for (var i = 0; i < SliceReads; i++)
            await read(slice * SliceReads + i);
    }

    private sealed class HashedStream(Stream inner, IncrementalHash hash) : ForwardStream
    {
        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            hash.AppendData(buffer.Span[..read]);
            return read;
        }
    }
}
