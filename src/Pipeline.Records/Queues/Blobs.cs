using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Pipeline.Records;

/// <summary>Opens the blobs that messages name.</summary>
internal static class Blobs
{
    /// <summary>
    /// Returns the name of the blob in the container from an address. Nothing else of the address is used, so a forged
    /// message cannot send a reader and its credentials to another host or container.
    /// </summary>
    /// <param name="address">The address in a message.</param>
    /// <param name="container">The container that the consumer named.</param>
    /// <param name="folder">The folder of the container that it must be in, such as <c>list/</c>.</param>
    /// <returns>Null if the address does not name a blob there.</returns>
    public static string? Find(Uri address, string container, string folder = "")
    {
        var path = Uri.UnescapeDataString(address.AbsolutePath);
        var root = $"/{container}/";
        var at = path.IndexOf(root + folder, StringComparison.Ordinal);
        return at < 0 || path.Split('/').Any(segment => segment is "." or "..") ? null : path[(at + root.Length)..];
    }

    /// <summary>Opens a blob, or a range of it. The caller disposes the result.</summary>
    /// <returns>Null if there is no such blob.</returns>
    /// <exception cref="RecordException">The blob cannot be read: it is archived, or its name is not valid.</exception>
    /// <exception cref="RequestFailedException">
    /// The account refused or failed, or has no such container. No message is at fault.
    /// </exception>
    public static async Task<BlobDownloadStreamingResult?> OpenAsync(
        BlobContainerClient container, string name, HttpRange range, CancellationToken cancellationToken)
    {
        try
        {
            var options = new BlobDownloadOptions { Range = range };
            return (await container.GetBlobClient(name).DownloadStreamingAsync(options, cancellationToken)).Value;
        }
        catch (RequestFailedException e) when (e.Status == 404 && e.ErrorCode != BlobErrorCode.ContainerNotFound)
        {
            return null;
        }
        catch (RequestFailedException e) when (e.Status is 400 or 409)
        {
            throw new RecordException(
                RecordFault.Missing, $"{name} cannot be read: {e.ErrorCode ?? e.Message}", inner: e);
        }
    }
}
