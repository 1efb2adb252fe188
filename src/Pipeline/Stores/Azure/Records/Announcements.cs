using System.Text.Json;
using Azure.Storage.Queues;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Announces stored blobs to consumers on a queue, at least once. A message holds the content if it fits, otherwise a
/// pointer to the blob.
/// </summary>
internal sealed class Announcements(AzureResource<QueueClient> queue)
{
    /// <summary>Announces a blob that holds uncompressed JSON.</summary>
    public Task SendAsync(string id, Uri address, byte[] json, CancellationToken cancellationToken) =>
        SendAsync(MessageText.TryEncode(json), id, address, json.Length, () => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(json)), cancellationToken);

    /// <summary>Announces a blob that is a gzip member.</summary>
    public async Task SendMemberAsync(string id, Uri address, Stream member, CancellationToken cancellationToken)
    {
        var text = await RecordBlobs.TryExpandAsync(member, MessageText.MaxBytes, cancellationToken) is { } line ? MessageText.TryEncode(line.Span) : null;
        var sha256 = text is null ? await RecordBlobs.HashAsync(member, cancellationToken) : "";
        await SendAsync(text, id, address, member.Length, () => sha256, cancellationToken);
    }

    private Task SendAsync(string? text, string id, Uri address, long bytes, Func<string> sha256, CancellationToken cancellationToken)
    {
        // The address may contain the account's shared access signature, which a message must not.
        var message = text ?? JsonSerializer.Serialize(
            new Pointer { Id = id, Uri = address.GetLeftPart(UriPartial.Path), Bytes = bytes, Sha256 = sha256() }, AzureJson.Plain.Pointer);
        return queue.RunAsync(q => q.SendMessageAsync(message, TimeSpan.Zero, StorageWorkQueue.Never, cancellationToken), cancellationToken);
    }
}
