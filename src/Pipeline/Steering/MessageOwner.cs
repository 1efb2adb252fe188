using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Stores;

namespace Pipeline.Steering;

/// <summary>Finds the list that a message of a queue belongs to.</summary>
internal sealed class MessageOwner(ObjectStores objects, ILedger ledger, IOptions<PipelineOptions> options)
{
    /// <summary>
    /// Returns a function that tells whether a message belongs to a list. It also returns true for announcements of
    /// other erased lists, because no stage of the pipeline removes those. A message that cannot be read belongs to no
    /// list.
    /// </summary>
    /// <param name="listId">The list.</param>
    /// <returns>A function of the queue without the suffix of dead letters, and the body.</returns>
    public Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> IsOf(string listId)
    {
        var erased = new Dictionary<string, bool>(StringComparer.Ordinal);
        return async (queue, body, cancellationToken) =>
        {
            if (await FindAsync(queue, body, cancellationToken) is not { } owner)
                return false;
            // A late message is handled, and its stage then erases what is left.
            if (owner == listId || IsWork(queue))
                return owner == listId;
            if (!erased.TryGetValue(owner, out var isGone))
                erased[owner] = isGone = await ledger.IsErasedAsync(owner, cancellationToken);
            return isGone;
        };
    }

    /// <summary>
    /// The list that a message of any queue except <c>url-lists</c> names; null if no stage wrote the message.
    /// </summary>
    public static string? NamedBy(string queue, ReadOnlyMemory<byte> body)
    {
        try
        {
            var named = queue switch
            {
                QueueNames.Submissions => SubmissionIds.ListOf(MessageReader.ReadSubmission(body).SubmissionId),
                QueueNames.Results => SubmissionIds.ListOf(MessageReader.ReadResult(body).SubmissionId),
                QueueNames.Notifications => NamedBy(
                    JsonElement.Parse(MessageReader.ReadNotification(body).Event).GetProperty("data")),
                QueueNames.UrlLists => null,
                _ => NamedBy(JsonElement.Parse(body.Span)),
            };
            return SubmissionIds.IsWellFormed(named) ? named : null;
        }
        catch (Exception unreadable) when (IsUnreadable(unreadable))
        {
            return null;
        }
    }

    private static bool IsWork(string queue) => queue is QueueNames.UrlLists or QueueNames.Submissions
        or QueueNames.Results or QueueNames.Notifications or QueueNames.Exports;

    private static bool IsUnreadable(Exception error) => error is JsonException or KeyNotFoundException
        or InvalidOperationException or PipelineException { IsPermanent: true };

    // A pointer to a failure or a manifest names the list in the address of its blob.
    private static string? NamedBy(JsonElement message) =>
        message.ValueKind != JsonValueKind.Object ? null
        : message.TryGetProperty("list_id", out var id) ? id.GetString()
        : !message.TryGetProperty("uri", out var uri) ? null
        : uri.GetString()?.Split('/') switch
        {
            [.., "manifests", var name] => Path.GetFileNameWithoutExtension(name),
            [.., "failures", var folder, _] => folder,
            _ => null,
        };

    private async Task<string?> FindAsync(
        string queue, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (queue != QueueNames.UrlLists)
            return NamedBy(queue, body);
        try
        {
            var pointer = ListPointer.Read(body);
            if (pointer?.ListId is { } named)
                return named;
            var intake = options.Value.Intake;
            var source = pointer is null ? ListSource.Of(body) : ListSource.Of(pointer, objects, intake);
            var list = await ListInspector.InspectAsync(
                source, pointer?.SharedInputs, intake, listId: null, pointer?.Series ?? default, cancellationToken);
            return list.ListId;
        }
        catch (Exception unreadable) when (IsUnreadable(unreadable))
        {
            return null;
        }
    }
}
