using System.Text.Json;
using Azure.Storage.Queues;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Stores.Azure.Records;

/// <summary>Tells consumers on a queue of what was written: the thing itself where a message can carry it, else where it lies. At least once.</summary>
internal sealed class Announcements(AzureResource<QueueClient> queue)
{
    /// <summary>Announces what is stored as it is.</summary>
    public Task SendAsync(string id, Uri address, byte[] json, CancellationToken cancellationToken) =>
        SendAsync(MessageText.TryEncode(json), id, address, json.Length, () => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(json)), cancellationToken);

    /// <summary>Announces a stored gzip member.</summary>
    public async Task SendMemberAsync(string id, Uri address, Stream member, CancellationToken cancellationToken)
    {
        var text = await RecordBlobs.TryExpandAsync(member, MessageText.MaxBytes, cancellationToken) is { } line ? MessageText.TryEncode(line.Span) : null;
        var sha256 = text is null ? await RecordBlobs.HashAsync(member, cancellationToken) : "";
        await SendAsync(text, id, address, member.Length, () => sha256, cancellationToken);
    }

    private Task SendAsync(string? text, string id, Uri address, long bytes, Func<string> sha256, CancellationToken cancellationToken)
    {
        // The address may carry the account's access signature; a message must not.
        var message = text ?? JsonSerializer.Serialize(
            new Pointer { Id = id, Uri = address.GetLeftPart(UriPartial.Path), Bytes = bytes, Sha256 = sha256() }, AzureJson.Plain.Pointer);
        return queue.RunAsync(q => q.SendMessageAsync(message, TimeSpan.Zero, StorageWorkQueue.Never, cancellationToken), cancellationToken);
    }
}
