using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Amazon.Runtime;
using Amazon.S3.Model;
using Pipeline.Emulator.Work.Delivery;

namespace Pipeline.Emulator.Sessions;

/// <summary>Reads what the upstream wrote to S3 or GCS, for a recording.</summary>
internal sealed class StoredResults : IDisposable
{
    private const int MaxObjects = 10_000;

    private readonly S3Writer _s3;
    private readonly GcsWriter _gcs;

    // An upstream on this machine is another emulator, which has buckets of its own.
    public StoredResults(EmulatorOptions options, StorageSettings settings)
    {
        var emulator = options.Upstream is { IsLoopback: true } upstream ? upstream : null;
        _s3 = emulator is null || settings.S3Outside
            ? new(settings)
            : new(
                settings with { S3Endpoint = new Uri(emulator, "s3").AbsoluteUri },
                new BasicAWSCredentials("any", "any"));
        _gcs = emulator is null || settings.GcsOutside
            ? new(settings)
            : new(settings with { GcsEndpoint = new Uri(emulator, "gcs").AbsoluteUri });
    }

    /// <summary>
    /// The objects below an address such as <c>s3://bucket/prefix/</c> that were written since a time, at most 10,000.
    /// </summary>
    public IAsyncEnumerable<(string Uri, byte[] Bytes)> ReadAsync(
        string address, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var (bucket, prefix) = Split(address);
        return address.StartsWith("gs:", StringComparison.Ordinal)
            ? ReadGcsAsync(bucket, prefix, since, cancellationToken)
            : ReadS3Async(bucket, prefix, since, cancellationToken);
    }

    public void Dispose()
    {
        _s3.Dispose();
        _gcs.Dispose();
    }

    private async IAsyncEnumerable<(string, byte[])> ReadS3Async(
        string bucket, string prefix, DateTimeOffset since,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix };
        var found = 0;
        await foreach (var item in _s3.Client.Paginators.ListObjectsV2(request).S3Objects.WithCancellation(
            cancellationToken))
        {
            if (item.LastModified < since.UtcDateTime)
                continue;
            if (++found > MaxObjects)
                yield break;
            using var answer = await _s3.Client.GetObjectAsync(bucket, item.Key, cancellationToken);
            yield return ($"s3://{bucket}/{item.Key}", await BytesAsync(answer.ResponseStream, cancellationToken));
        }
    }

    private async IAsyncEnumerable<(string, byte[])> ReadGcsAsync(
        string bucket, string prefix, DateTimeOffset since,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var http = await _gcs.ClientAsync();
        var root = $"{_gcs.Endpoint}/storage/v1/b/{Uri.EscapeDataString(bucket)}/o";
        var (page, found) = ("", 0);
        do
        {
            var list = JsonNode.Parse(await http.GetStringAsync(
                $"{root}?prefix={Uri.EscapeDataString(prefix)}{page}", cancellationToken))!;
            foreach (var item in list["items"]?.AsArray() ?? [])
            {
                if ((DateTimeOffset)item!["updated"]! < since)
                    continue;
                if (++found > MaxObjects)
                    yield break;
                var name = (string)item["name"]!;
                yield return (
                    $"gs://{bucket}/{name}",
                    await http.GetByteArrayAsync($"{root}/{Uri.EscapeDataString(name)}?alt=media", cancellationToken));
            }
            page = list["nextPageToken"] is { } next ? $"&pageToken={Uri.EscapeDataString((string)next!)}" : "";
        }
        while (page.Length > 0);
    }

    private static (string Bucket, string Prefix) Split(string address)
    {
        var rest = address[5..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (rest, "") : (rest[..slash], rest[(slash + 1)..]);
    }

    private static async Task<byte[]> BytesAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }
}
