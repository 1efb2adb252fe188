using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.Export.Tables;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Export.Closing;

/// <summary>Queues the export of each list that closes. Another stage writes it, so no close waits.</summary>
internal sealed class ExportAnnouncer(IWorkQueue queue, IOptions<PipelineOptions> options) : IRecordAnnouncer
{
    /// <inheritdoc/>
    public async Task AnnounceAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (options.Value.Export.Format == ClosedListFormat.None || document.Kind != DocumentKind.Manifest)
            return;
        document.Content.Position = 0;
        var manifest = await JsonSerializer.DeserializeAsync(
            document.Content, PipelineJson.Plain.Manifest, cancellationToken);
        var message = new ExportMessage(manifest!.ListId, manifest.ClosedAt, Table.Records.Name);
        await queue.SendAsync(
            QueueNames.Exports, [JsonSerializer.SerializeToUtf8Bytes(message, ExportJson.Default.ExportMessage)],
            TimeSpan.Zero, cancellationToken);
    }

    /// <summary>Does nothing: lists are exported as a whole.</summary>
    public Task AnnounceAsync(StoredPart part, CancellationToken cancellationToken) => Task.CompletedTask;
}
