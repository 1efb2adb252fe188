using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Pipeline.Records;

/// <summary>Verifies the results of a closed list in a storage account.</summary>
public static class AccountVerifier
{
    private const int Concurrency = 16;

    /// <summary>
    /// Reads the manifest, every file of records that it names, and every failure, once and in bounded memory.
    /// </summary>
    /// <param name="account">The account, with a credential that may read its containers.</param>
    /// <param name="listId">The list.</param>
    /// <param name="options">The limits of reading; <c>OnProblem</c> is not used.</param>
    /// <param name="cancellationToken">Cancels the verification.</param>
    /// <exception cref="RequestFailedException">The account refused or failed.</exception>
    public static async Task<VerificationReport> VerifyAsync(
        BlobServiceClient account, string listId, RecordReaderOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        using var verification = new Verification(options ?? new());
        var name = $"{listId}.json";
        await using (var stream = await OpenAsync(account, "manifests", name, cancellationToken))
            await verification.AddManifestAsync(stream, $"manifests/{name}", listId, cancellationToken);
        foreach (var location in verification.Manifests.SelectMany(manifest => manifest.Locations ?? []))
        {
            var blob = BlobOf(location.Uri);
            await verification.AddRecordsAsync(
                await OpenAsync(account, "records", blob, cancellationToken), $"records/{blob}",
                [(listId, location)], listId: null, cancellationToken);
        }
        await AddFailuresAsync(verification, account.GetBlobContainerClient("failures"), listId, cancellationToken);
        return verification.Finish();
    }

    private static async Task AddFailuresAsync(
        Verification verification, BlobContainerClient container, string listId, CancellationToken cancellationToken)
    {
        // One name for all failures, because a list may have a million.
        verification.AddFile($"failures/{listId}/");
        using var turn = new SemaphoreSlim(1, 1);
        var blobs = container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{listId}/", cancellationToken);
        try
        {
            await Parallel.ForEachAsync(
                blobs,
                new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
                async (blob, token) =>
                {
                    var content = await container.GetBlobClient(blob.Name).DownloadContentAsync(token);
                    await turn.WaitAsync(token);
                    try
                    {
                        await AddFailureAsync(verification, $"failures/{blob.Name}", content.Value.Content, token);
                    }
                    finally
                    {
                        turn.Release();
                    }
                });
        }
        // An account without failures may not have the container yet.
        catch (RequestFailedException e) when (e.Status == 404 && e.ErrorCode == "ContainerNotFound")
        {
        }
    }

    private static async Task AddFailureAsync(
        Verification verification, string file, BinaryData content, CancellationToken cancellationToken)
    {
        verification.AddBytes(content.ToMemory().Length);
        await using var stream = content.ToStream();
        await foreach (var failure in FailureReader.ReadAsync(stream, file, verification.Options, cancellationToken))
            verification.Add(failure);
    }

    /// <summary>The blob in the given account, whatever host the manifest names.</summary>
    private static string BlobOf(string address)
    {
        var path = Uri.TryCreate(address, UriKind.Absolute, out var uri)
            ? Uri.UnescapeDataString(uri.AbsolutePath)
            : address;
        var at = path.IndexOf("/records/", StringComparison.Ordinal);
        return at < 0 ? path : path[(at + "/records/".Length)..];
    }

    private static async Task<Stream?> OpenAsync(
        BlobServiceClient account, string container, string blob, CancellationToken cancellationToken)
    {
        try
        {
            var client = account.GetBlobContainerClient(container).GetBlobClient(blob);
            return (await client.DownloadStreamingAsync(cancellationToken: cancellationToken)).Value.Content;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }
}
