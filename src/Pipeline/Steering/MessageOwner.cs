using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores;

namespace Pipeline.Steering;

/// <summary>Says whether a message of a queue belongs to a list.</summary>
internal sealed class MessageOwner(ObjectStores objects, IOptions<PipelineOptions> options)
{
    /// <summary>Whether a message belongs to a list. One that cannot be read belongs to none.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="queue">The queue that it was sent to, without the suffix of dead letters.</param>
    /// <param name="body">Its body.</param>
    /// <param name="cancellationToken">Stops the read of a list that the message points to.</param>
    public async Task<bool> IsOfAsync(
        string listId, string queue, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            return queue switch
            {
                QueueNames.Submissions =>
                    SubmissionIds.ListOf(MessageReader.ReadSubmission(body).SubmissionId) == listId,
                QueueNames.Results => SubmissionIds.ListOf(MessageReader.ReadResult(body).SubmissionId) == listId,
                QueueNames.Notifications => IsNamed(
                    JsonElement.Parse(MessageReader.ReadNotification(body).Event).GetProperty("data"), listId),
                QueueNames.UrlLists => await IsListAsync(listId, body, cancellationToken),
                _ => IsNamed(JsonElement.Parse(body.Span), listId),
            };
        }
        catch (Exception unreadable) when (
            unreadable is JsonException or KeyNotFoundException or InvalidOperationException
                or PipelineException { IsPermanent: true })
        {
            return false;
        }
    }

    // A pointer to a failure or a manifest names the list in the address of its blob.
    private static bool IsNamed(JsonElement message, string listId) =>
        message.ValueKind == JsonValueKind.Object
        && ((message.TryGetProperty("list_id", out var id) && id.ValueEquals(listId))
            || (message.TryGetProperty("uri", out var uri) && uri.GetString() is { } address
                && (address.Contains($"/{listId}/", StringComparison.Ordinal)
                    || address.EndsWith($"/{listId}.json", StringComparison.Ordinal))));

    private async Task<bool> IsListAsync(
        string listId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var pointer = ListPointer.Read(body);
        if (pointer?.ListId is { } named)
            return named == listId;
        var intake = options.Value.Intake;
        var source = pointer is null ? ListSource.Of(body) : ListSource.Of(pointer, objects, intake);
        var list = await ListInspector.InspectAsync(
            source, pointer?.SharedInputs, intake, listId: null, pointer?.Series ?? default, cancellationToken);
        return list.ListId == listId;
    }
}
