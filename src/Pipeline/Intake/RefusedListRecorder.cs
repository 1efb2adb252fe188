using System.Text.Json;
using Pipeline.Intake.Reading;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Intake;

/// <summary>
/// Records refused lists in the ledger, in state <see cref="ListState.Refused"/> with the reason, so that their senders
/// can see it. A refused list has no manifest because none of its inputs was accepted.
/// </summary>
internal sealed class RefusedListRecorder(ILedger ledger, TimeProvider time)
{
    /// <summary>
    /// Records the refusal of a message of <c>url-lists</c>: under the list's id, or under the message's hash if
    /// another list uses that id.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="list">The list, if it could be read.</param>
    /// <param name="reason">The reason, for people.</param>
    /// <param name="isKnown">
    /// Whether the refusal may be recorded already, with a more specific reason. That reason is then kept.
    /// </param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    public async Task RefuseAsync(
        ReadOnlyMemory<byte> message,
        ListInspection? list,
        string reason,
        bool isKnown,
        CancellationToken cancellationToken)
    {
        var (sentId, source, sentHash) = Identify(message);
        var own = new ListEntry
        {
            ListId = ListIds.OfMessage(message.Span),
            State = ListState.Refused,
            Source = source,
            CreatedAt = time.GetUtcNow(),
            ClosedAt = time.GetUtcNow(),
            ContentHash = list?.ContentHash ?? sentHash,
            Message = reason,
        };
        if (
            (list?.ListId ?? sentId) is not { } id
            || !await TryPutAsync(own with { ListId = id }, isKnown, cancellationToken))
            await TryPutAsync(own, isKnown, cancellationToken);
    }

    /// <summary>Returns false if the id belongs to an accepted list or to another list.</summary>
    private async Task<bool> TryPutAsync(ListEntry refused, bool isKnown, CancellationToken cancellationToken)
    {
        // A leftover of an erased list must not appear as a refused list.
        if (await ledger.IsErasedAsync(refused.ListId, cancellationToken))
            return true;
        var there = await ledger.CreateListAsync(refused, cancellationToken);
        while (
            there is { State: ListState.Planning or ListState.Refused }
            && (refused.ContentHash is null || there.ContentHash == refused.ContentHash))
        {
            if (there.Message == refused.Message || (isKnown && there.State == ListState.Refused))
                return true;
            var update = there with
            {
                State = ListState.Refused,
                Message = refused.Message,
                ClosedAt = refused.ClosedAt,
            };
            if (await ledger.UpdateListAsync(update, cancellationToken) is not null)
                return true;
            there = await ledger.GetListAsync(refused.ListId, cancellationToken) ?? refused;
        }
        return false;
    }

    private static (string? ListId, string Source, string? ContentHash) Identify(ReadOnlyMemory<byte> message)
    {
        try
        {
            if (ListPointer.Read(message) is { } pointer)
                return (Usable(pointer.ListId), pointer.Name ?? pointer.Source, pointer.ContentHash);
            using var document = JsonDocument.Parse(message, CanonicalJson.Strict);
            var isNamed =
                document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("list_id"u8, out _);
            return (isNamed ? Usable(document.RootElement.GetProperty("list_id"u8)) : null, IntakeStage.Inline, null);
        }
        catch (Exception error) when (error is JsonException or PipelineException or InvalidOperationException)
        {
            return (null, IntakeStage.Inline, null);
        }
    }

    private static string? Usable(JsonElement id) =>
        id.ValueKind == JsonValueKind.String ? Usable(id.GetString()) : null;

    private static string? Usable(string? id) => id is not null && ListIds.IsValid(id) ? id : null;
}
