using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Azure.Erasing;

/// <summary>
/// Deletes the blobs about a list: parts and files of records, failures, the manifest, its copy, exports, and messages
/// that were too large for a queue.
/// </summary>
internal sealed class BlobErasure(AzureAccount account)
{
    /// <summary>Deletes the blobs.</summary>
    public async Task<ErasedParts> EraseAsync(
        string listId, Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> isOfList,
        CancellationToken cancellationToken)
    {
        var own = await EraseOwnAsync(listId, cancellationToken);
        return own with
        {
            Others = own.Others + await EraseExportsAsync(listId, cancellationToken),
            Messages = await EraseClaimsAsync(isOfList, cancellationToken),
        };
    }

    /// <summary>Deletes the blobs whose names begin with the list's id.</summary>
    public async Task<ErasedParts> EraseOwnAsync(string listId, CancellationToken cancellationToken)
    {
        var others = await EraseAsync(
            AzureNames.ManifestsContainer, $"{listId}.json", name => name == $"{listId}.json", cancellationToken);
        others += await EraseAsync(
            AzureNames.ListsContainer, listId, name => Path.GetFileNameWithoutExtension(name) == listId,
            cancellationToken);
        return new()
        {
            Records = await EraseAsync(AzureNames.RecordsContainer, $"{listId}/", _ => true, cancellationToken),
            Failures = await EraseAsync(AzureNames.FailuresContainer, $"{listId}/", _ => true, cancellationToken),
            Others = others,
        };
    }

    /// <summary>Deletes its exports. All names are read, because they begin with the day.</summary>
    public Task<long> EraseExportsAsync(string listId, CancellationToken cancellationToken) => EraseAsync(
        AzureNames.ExportsContainer, "",
        name => name == $"_lists/{listId}.json" || name.Split('/').Contains($"list={listId}"), cancellationToken);

    /// <summary>A claim does not name its list, so each is read.</summary>
    private async Task<long> EraseClaimsAsync(
        Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> isOfList,
        CancellationToken cancellationToken)
    {
        var erased = 0L;
        var claims = account.Container(AzureNames.ClaimsContainer);
        await foreach (var blob in ListAsync(claims, "", cancellationToken))
        {
            var client = claims.Client.GetBlobClient(blob.Name);
            try
            {
                var content = await claims.RunAsync(
                    _ => client.DownloadContentAsync(cancellationToken), cancellationToken);
                var queue = blob.Name.Split('/')[0];
                if (await isOfList(queue, content.Value.Content.ToMemory(), cancellationToken))
                    erased += await DeleteAsync(claims, blob.Name, cancellationToken);
            }
            catch (RequestFailedException gone) when (gone.Status == 404)
            {
                // The lifecycle rule was first.
            }
        }

        return erased;
    }

    private async Task<long> EraseAsync(
        string container, string prefix, Func<string, bool> isOfList, CancellationToken cancellationToken)
    {
        var erased = 0L;
        var blobs = account.Container(container);
        await foreach (var blob in ListAsync(blobs, prefix, cancellationToken))
            if (isOfList(blob.Name))
                erased += await DeleteAsync(blobs, blob.Name, cancellationToken);
        return erased;
    }

    private static async IAsyncEnumerable<BlobItem> ListAsync(
        AzureResource<BlobContainerClient> container, string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Check first, because a listing creates a missing container.
        if (!await container.RunAsync(
            async c => (await c.ExistsAsync(cancellationToken)).Value, cancellationToken))
            yield break;
        await foreach (var blob in container.ReadAsync(
            c => c.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, cancellationToken), cancellationToken))
            yield return blob;
    }

    private static async Task<long> DeleteAsync(
        AzureResource<BlobContainerClient> container, string name, CancellationToken cancellationToken) =>
        await container.RunAsync(
            async c => (await c.GetBlobClient(name).DeleteIfExistsAsync(
                DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellationToken)).Value,
            cancellationToken)
            ? 1
            : 0;
}
