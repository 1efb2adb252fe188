using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Notify;

/// <summary>
/// Queues an event for each list that closes and, if configured, for each submission. Another stage POSTs it, so a slow
/// receiver delays nothing here.
/// </summary>
internal sealed class WebhookAnnouncer(IWorkQueue queue, IOptions<PipelineOptions> options, TimeProvider time)
    : IRecordAnnouncer
{
    private readonly NotifyOptions _notify = options.Value.Notify;

    /// <inheritdoc/>
    public async Task AnnounceAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        if (_notify.Url is null || document.Kind != DocumentKind.Manifest)
            return;
        document.Content.Position = 0;
        var manifest = await JsonSerializer.DeserializeAsync(
            document.Content, PipelineJson.Default.Manifest, cancellationToken);
        await queue.SendAsync(
            Events.Of(manifest!, document.Address, time.GetUtcNow()), TimeSpan.Zero, cancellationToken);
    }

    /// <summary>Does nothing: a receiver is told about lists and submissions, not about each record.</summary>
    public Task AnnounceAsync(StoredPart part, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task AnnounceAsync(SubmissionEntry closed, CancellationToken cancellationToken) =>
        _notify is { Url: not null, Submissions: true }
            ? queue.SendAsync(Events.Of(closed, time.GetUtcNow()), TimeSpan.Zero, cancellationToken)
            : Task.CompletedTask;
}
