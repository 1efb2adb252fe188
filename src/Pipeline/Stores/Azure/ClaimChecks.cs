using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;

namespace Pipeline.Stores.Azure;

/// <summary>
/// Messages that a queue cannot carry: their bytes lie in a blob, and a small message says which. Claims are never deleted here, since a send that
/// was repeated leaves two messages for one blob; a lifecycle rule clears the container.
/// </summary>
internal sealed class ClaimChecks(AzureAccount account, TimeProvider time)
{
    private const int MaxClaimBytes = 512;

    private readonly AzureResource<BlobContainerClient> _claims = account.Container(AzureNames.ClaimsContainer);

    /// <summary>Puts a message away; returns the one to send instead.</summary>
    public async Task<string> DepositAsync(string queue, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var day = time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var name = $"{queue}/{day}/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";
        using var content = new MemoryStream(body.ToArray());
        await BlobUpload.WriteAsync(_claims, name, content, "application/octet-stream", cancellationToken);
        return JsonSerializer.Serialize(
            new Claim { Blob = name, Bytes = body.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(body.Span)) }, AzureJson.Plain.Claim);
    }

    /// <summary>The message as it was sent: itself, or what its claim stands for.</summary>
    /// <exception cref="PipelineException">Permanent: what it stands for is gone.</exception>
    public async Task<ReadOnlyMemory<byte>> RedeemAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (Read(message) is not { } claim)
            return message;
        try
        {
            var content = await _claims.RunAsync(async c => (await c.GetBlobClient(claim.Blob).DownloadContentAsync(cancellationToken)).Value.Content, cancellationToken);
            if (Convert.ToHexStringLower(SHA256.HashData(content)) != claim.Sha256)
                throw PipelineException.Transient(FailureReasons.ObjectDamaged, $"The message in blob '{AzureNames.ClaimsContainer}/{claim.Blob}' is not what was sent.");
            return content.ToMemory();
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            throw PipelineException.Permanent(
                FailureReasons.Internal, $"The message in blob '{AzureNames.ClaimsContainer}/{claim.Blob}' is gone: it was deleted before it was handled. Send its list again.", e);
        }
    }

    private static Claim? Read(ReadOnlyMemory<byte> message)
    {
        if (message.Length > MaxClaimBytes || message.Span.IndexOf("\"pipeline.claim/1\""u8) < 0)
            return null;
        try
        {
            return JsonSerializer.Deserialize(message.Span, AzureJson.Plain.Claim) is { Schema: Claim.Name, Blob.Length: > 0 } claim ? claim : null;
        }
        // A list of URLs may say anything.
        catch (JsonException)
        {
            return null;
        }
    }
}
