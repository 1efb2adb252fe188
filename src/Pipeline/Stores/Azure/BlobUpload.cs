using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Pipeline.Stores.Azure;

/// <summary>Uploads blobs atomically, with an MD5 that every later read is verified against.</summary>
internal static class BlobUpload
{
    private const long PartBytes = 8 * 1024 * 1024;

    /// <summary>Writes a blob. Replaces an existing one.</summary>
    /// <param name="container">The container.</param>
    /// <param name="name">Name of the blob.</param>
    /// <param name="content">A seekable stream. Read from its position to its end.</param>
    /// <param name="contentType">Content type of the blob.</param>
    /// <param name="cancellationToken">Stops the upload; then nothing is written.</param>
    public static Task WriteAsync(
        AzureResource<BlobContainerClient> container, string name, Stream content, string contentType,
        CancellationToken cancellationToken) =>
        WriteAsync(container, name, content, contentType, conditions: null, metadata: null, cancellationToken);

    /// <summary>Writes a blob, and its metadata if any, unless it exists.</summary>
    /// <returns>
    /// False if it existed. A write whose answer was lost may find its own blob and also return false.
    /// </returns>
    public static async Task<bool> WriteNewAsync(
        AzureResource<BlobContainerClient> container, string name, Stream content, string contentType,
        CancellationToken cancellationToken, IDictionary<string, string>? metadata = null)
    {
        try
        {
            await WriteAsync(
                container, name, content, contentType, new() { IfNoneMatch = ETag.All }, metadata, cancellationToken);
            return true;
        }
        // Another writer committed the blob meanwhile, and this writer's blocks are gone.
        catch (RequestFailedException e)
            when (e.ErrorCode is "BlobAlreadyExists" or "ConditionNotMet" or "InvalidBlockList")
        {
            return false;
        }
    }

    private static async Task WriteAsync(
        AzureResource<BlobContainerClient> container, string name, Stream content, string contentType,
        BlobRequestConditions? conditions, IDictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        var start = content.Position;
        // The service verifies and stores the MD5 of an upload in one part. Of several parts it verifies the MD5 of
        // each but stores none, so the MD5 of the whole is sent along.
        var md5 = content.Length - start > PartBytes ? await HashAsync(content, cancellationToken) : null;
        var options = new BlobUploadOptions
        {
            Conditions = conditions,
            Metadata = metadata,
            HttpHeaders = new() { ContentType = contentType, ContentHash = md5 },
            TransferOptions = new()
            {
                InitialTransferSize = PartBytes,
                MaximumTransferSize = PartBytes,
                MaximumConcurrency = 2,
            },
            TransferValidation = new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
        };
        await container.RunAsync(
            c =>
            {
                content.Position = start;
                return c.GetBlobClient(name).UploadAsync(content, options, cancellationToken);
            },
            cancellationToken);
    }

    private static async Task<byte[]> HashAsync(Stream content, CancellationToken cancellationToken)
    {
        // MD5 only detects accidental damage here, and the service supports no stronger hash.
#pragma warning disable CA5351
        return await MD5.HashDataAsync(content, cancellationToken);
#pragma warning restore CA5351
    }
}
