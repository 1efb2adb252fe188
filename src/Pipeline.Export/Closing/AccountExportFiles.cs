using Azure;
using Azure.Storage.Blobs;
using Pipeline.Stores.Azure;

namespace Pipeline.Export.Closing;

/// <summary>Blobs of container <c>exports</c>.</summary>
internal sealed class AccountExportFiles(AzureAccount account) : IExportFiles
{
    private readonly AzureResource<BlobContainerClient> _container = account.Container(AzureNames.ExportsContainer);

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var content = await _container.RunAsync(
                container => container.GetBlobClient(name).DownloadContentAsync(cancellationToken), cancellationToken);
            return content.Value.Content.ToArray();
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task WriteAsync(string name, Stream content, CancellationToken cancellationToken) =>
        BlobUpload.WriteAsync(
            _container, name, content,
            name.EndsWith(".json", StringComparison.Ordinal) ? "application/json" : "application/vnd.apache.parquet",
            cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken) =>
        await _container.RunAsync(
            async container =>
                (await container.GetBlobClient(name).DeleteIfExistsAsync(cancellationToken: cancellationToken)).Value,
            cancellationToken);
}
