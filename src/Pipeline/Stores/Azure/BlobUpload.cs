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
        // What goes in one part is sent with its hash, which the service checks and keeps; of several parts each has its own, and none is of the whole.
        var md5 = content.Length - start > PartBytes ? await HashAsync(content, cancellationToken) : null;
        var options = new BlobUploadOptions
        {
            Conditions = conditions,
            HttpHeaders = new() { ContentType = contentType, ContentHash = md5 },
            TransferOptions = new() { InitialTransferSize = PartBytes, MaximumTransferSize = PartBytes, MaximumConcurrency = 2 },
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
        // Against accidents only, and the service knows no other.
#pragma warning disable CA5351
        return await MD5.HashDataAsync(content, cancellationToken);
#pragma warning restore CA5351
    }
}
