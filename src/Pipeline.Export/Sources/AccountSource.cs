using System.IO.Compression;
using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Stores;
using Pipeline.Stores.Azure;

namespace Pipeline.Export.Sources;

/// <summary>
/// Closed lists in an Azure storage account: the files of records that their manifests name, and the failures of the
/// ledger.
/// </summary>
/// <param name="objects">Reads the blobs.</param>
/// <param name="failures">Reads the failures.</param>
/// <param name="lists">The manifests of the lists.</param>
internal sealed class AccountSource(ObjectStores objects, FailureReader failures, IReadOnlyList<Manifest> lists)
    : IResultSource
{
    private const string Gzip = ".gz";

    /// <inheritdoc/>
    public DateTimeOffset? ClosedAt(string listId) => lists.FirstOrDefault(list => list.ListId == listId)?.ClosedAt;

    /// <inheritdoc/>
    public bool Takes(ReadOnlySpan<byte> head, bool isRecord) => true;

    /// <inheritdoc/>
    public async IAsyncEnumerable<ResultFile> OpenRecordsAsync(
        ExportPlace from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var location in lists.SelectMany(list => list.Locations).Skip(from.File))
            yield return await OpenAsync(location, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ResultFile> OpenFailuresAsync(ExportPlace from, CancellationToken cancellationToken) =>
        FailureFiles.ReadAsync(
            failures, lists.Where(list => list.Failures > 0).Select(list => list.ListId), from, cancellationToken);

    /// <summary>Opens a file of records that a manifest names.</summary>
    /// <exception cref="PipelineException">Permanent: the file is gone.</exception>
    public async Task<ResultFile> OpenAsync(RecordLocation location, CancellationToken cancellationToken)
    {
        var uri = UriOf(location);
        var stored = await objects.OpenAsync(uri, cancellationToken)
            ?? throw PipelineException.Permanent(
                FailureReasons.Unavailable,
                $"'{location.Uri}' is gone, which the manifest names. Was it deleted, or has a lifecycle rule removed "
                    + "it?");
        return new(location.Uri, new OpenFile(stored, uri.Key), location.Records);
    }

    /// <summary>The blob of an address such as <c>https://ACCOUNT.blob.core.windows.net/records/9a41/…</c>.</summary>
    private static ObjectUri UriOf(RecordLocation location)
    {
        const string Container = $"/{AzureNames.RecordsContainer}/";
        var path = Uri.TryCreate(location.Uri, UriKind.Absolute, out var uri)
            ? Uri.UnescapeDataString(uri.AbsolutePath)
            : "";
        var at = path.IndexOf(Container, StringComparison.Ordinal);
        return at >= 0
            ? new("azblob", AzureNames.RecordsContainer, path[(at + Container.Length)..])
            : throw PipelineException.Permanent(
                FailureReasons.ObjectDamaged,
                $"The manifest names '{location.Uri}', which is not a blob of container {AzureNames.RecordsContainer}. "
                    + "Restore the manifest that the run wrote.");
    }

    /// <summary>Decompresses a blob and closes it with the stream.</summary>
    private sealed class OpenFile(ObjectRead stored, string name) : IO.ForwardStream
    {
        private readonly Stream _content = name.EndsWith(Gzip, StringComparison.Ordinal)
            ? new GZipStream(stored.Body, CompressionMode.Decompress)
            : stored.Body;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _content.ReadAsync(buffer, cancellationToken);

        public override async ValueTask DisposeAsync()
        {
            await _content.DisposeAsync();
            await stored.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
