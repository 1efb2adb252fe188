using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Pipeline.Stores.Azure;

/// <summary>Uploads that appear whole or not at all, with an MD5 that every later read is checked against.</summary>
internal static class BlobUpload
{
    private const long PartBytes = 8 * 1024 * 1024;

    /// <summary>Writes a blob, replacing what is there.</summary>
    /// <param name="container">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="content">A stream that can seek; read from its position to its end.</param>
    /// <param name="contentType">What it holds.</param>
    /// <param name="cancellationToken">Stops the writing; then nothing was written.</param>
    public static Task WriteAsync(AzureResource<BlobContainerClient> container, string name, Stream content, string contentType, CancellationToken cancellationToken) =>
        WriteAsync(container, name, content, contentType, conditions: null, cancellationToken);

    /// <summary>Writes a blob unless it is there.</summary>
    /// <returns>False when it was there. A write whose answer was lost may say so of itself.</returns>
    public static async Task<bool> WriteNewAsync(
        AzureResource<BlobContainerClient> container, string name, Stream content, string contentType, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(container, name, content, contentType, new() { IfNoneMatch = ETag.All }, cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412 && e.ErrorCode is "BlobAlreadyExists" or "ConditionNotMet")
        {
            return false;
        }
    }

    private static async Task WriteAsync(
        AzureResource<BlobContainerClient> container, string name, Stream content, string contentType, BlobRequestConditions? conditions, CancellationToken cancellationToken)
    {
        var start = content.Position;
        // It guards against accidents only, and it is what the service checks and keeps.
#pragma warning disable CA5351
        var md5 = await MD5.HashDataAsync(content, cancellationToken);
#pragma warning restore CA5351
        var options = new BlobUploadOptions
        {
            Conditions = conditions,
            HttpHeaders = new() { ContentType = contentType, ContentHash = md5 },
            TransferOptions = new() { InitialTransferSize = PartBytes, MaximumTransferSize = PartBytes, MaximumConcurrency = 2 },
            // One part is checked by the hash of the whole; of several, each by its own.
            TransferValidation = new()
            {
                ChecksumAlgorithm = StorageChecksumAlgorithm.MD5,
                PrecalculatedChecksum = content.Length - start <= PartBytes ? md5 : default(ReadOnlyMemory<byte>),
            },
        };
        await container.RunAsync(
            c =>
            {
                content.Position = start;
                return c.GetBlobClient(name).UploadAsync(content, options, cancellationToken);
            },
            cancellationToken);
    }
}
