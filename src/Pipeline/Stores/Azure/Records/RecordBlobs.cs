using System.IO.Compression;
using System.Security.Cryptography;
using Azure.Storage.Blobs;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Staging;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Stores each record as a blob: a gzip member of one line with its line feed. Concatenated members are therefore a
/// valid gzipped NDJSON file.
/// </summary>
internal sealed class RecordBlobs(AzureAccount account, AzureBlobStore store)
{
    private const int LargestInMemory = 1 << 20;
    private const int BufferBytes = 1 << 16;
    private const string GzipType = "application/gzip";

    /// <summary>The container of the records.</summary>
    public AzureResource<BlobContainerClient> Container { get; } = account.Container(AzureNames.RecordsContainer);

    /// <summary>Returns the name of a record's blob.</summary>
    public static string NameOf(string listId, string submissionId, string id) =>
        $"{listId}/{submissionId}/{id}.json.gz";

    /// <summary>Compresses a record to a stream that the caller disposes.</summary>
    public static async Task<Stream> CompressAsync(StagedRecord record, CancellationToken cancellationToken)
    {
        var member = CreateBuffer(record.Bytes);
        try
        {
            await using (var gzip = new GZipStream(member, CompressionLevel.Fastest, leaveOpen: true))
            {
                await record.CopyToAsync(gzip, cancellationToken);
                gzip.WriteByte((byte)'\n');
            }
            member.Position = 0;
            return member;
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes a record's blob unless it exists. Returns false if it exists.</summary>
    public Task<bool> WriteNewAsync(string name, Stream member, CancellationToken cancellationToken) =>
        BlobUpload.WriteNewAsync(Container, name, member, GzipType, cancellationToken);

    /// <summary>Opens a record's stored bytes.</summary>
    public async Task<ObjectRead> OpenAsync(string name, CancellationToken cancellationToken) =>
        await store.OpenAsync(new("azblob", AzureNames.RecordsContainer, name), cancellationToken)
            ?? throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"The record '{name}' disappeared from its container. The pipeline never "
                    + "deletes records; check who did.");

    /// <summary>Reads a record's stored bytes to a stream that the caller disposes.</summary>
    public async Task<Stream> ReadAsync(string name, CancellationToken cancellationToken)
    {
        await using var stored = await OpenAsync(name, cancellationToken);
        var member = CreateBuffer(stored.Bytes ?? long.MaxValue);
        try
        {
            await stored.Body.CopyToAsync(member, cancellationToken);
            member.Position = 0;
            return member;
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Returns the line in a member, without its line feed; null if it is longer than the limit in bytes.
    /// </summary>
    public static async Task<ReadOnlyMemory<byte>?> TryExpandAsync(
        Stream member, int limit, CancellationToken cancellationToken)
    {
        member.Position = 0;
        var line = new byte[limit + 2];
        await using var gzip = new GZipStream(member, CompressionMode.Decompress, leaveOpen: true);
        var length = await gzip.ReadAtLeastAsync(line, line.Length, throwOnEndOfStream: false, cancellationToken);
        return length == line.Length ? null : line.AsMemory(0, length - 1);
    }

    /// <summary>Returns the SHA-256 of a member, in lower-case hex.</summary>
    public static async Task<string> HashAsync(Stream member, CancellationToken cancellationToken)
    {
        member.Position = 0;
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(member, cancellationToken));
    }

    private static Stream CreateBuffer(long bytes) => bytes <= LargestInMemory
        ? new MemoryStream()
        : new BufferedStream(PrivateFiles.CreateTemporary(Path.GetTempPath(), FileOptions.Asynchronous), BufferBytes);
}
