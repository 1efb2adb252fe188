using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure;
using Azure.Storage.Blobs;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>
/// Messages that a queue cannot carry: their bytes lie in a blob, and a small message says which. Claims are never deleted here, since a send that
/// was repeated leaves two messages for one blob; a lifecycle rule clears the container. Anybody may have written a claim: only blobs with a name
/// that <see cref="DepositAsync"/> makes are read, and only up to <see cref="MaxBytes"/>.
/// </summary>
internal sealed partial class ClaimChecks(AzureAccount account, TimeProvider time)
{
    /// <summary>The largest message that a claim may stand for, bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int MaxClaimBytes = 512;

    private readonly AzureResource<BlobContainerClient> _claims = account.Container(AzureNames.ClaimsContainer);

    /// <summary>Puts a message away; returns the one to send instead.</summary>
    /// <exception cref="PipelineException">Permanent: it is larger than <see cref="MaxBytes"/>.</exception>
    public async Task<string> DepositAsync(string queue, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (body.Length > MaxBytes)
        {
            throw PipelineException.Permanent(
                FailureReasons.LimitExceeded,
                $"A message of {body.Length:N0} bytes is too large; {MaxBytes:N0} is the most. Put the list into container lists and send a message "
                + "that names it: {\"source\":\"azblob://lists/NAME\"}");
        }
        var day = time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var name = $"{queue}/{day}/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";
        using var content = new MemoryStream(body.ToArray());
        await BlobUpload.WriteAsync(_claims, name, content, "application/octet-stream", cancellationToken);
        return JsonSerializer.Serialize(
            new Claim { Blob = name, Bytes = body.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(body.Span)) }, AzureJson.Plain.Claim);
    }

    /// <summary>The message as it was sent: itself, or what its claim stands for.</summary>
    /// <exception cref="PipelineException">Permanent: it is gone, or the claim is none of ours. Transient: it is not what was sent.</exception>
    public async Task<ReadOnlyMemory<byte>> RedeemAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (Read(message) is not { } claim)
            return message;
        if (!OwnName().IsMatch(claim.Blob) || claim.Bytes is < 0 or > MaxBytes)
            throw PipelineException.Permanent(FailureReasons.InvalidInput, "The message is a claim that the pipeline did not write. Send its list again.");
        try
        {
            return await ReadAsync(claim, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            throw PipelineException.Permanent(
                FailureReasons.Internal, $"The message in {Address(claim)} is gone: it was deleted before it was handled. Send its list again.", e);
        }
    }

    private async Task<byte[]> ReadAsync(Claim claim, CancellationToken cancellationToken)
    {
        using var download = await _claims.RunAsync(
            async c => (await c.GetBlobClient(claim.Blob).DownloadStreamingAsync(cancellationToken: cancellationToken)).Value, cancellationToken);
        if (download.Details.ContentLength != claim.Bytes)
            throw Changed(claim);
        var content = new byte[claim.Bytes];
        try
        {
            await download.Content.ReadExactlyAsync(content, cancellationToken);
        }
        catch (Exception e) when (e is IOException or RequestFailedException)
        {
            throw PipelineException.Transient(FailureReasons.Unavailable, $"The message in {Address(claim)} could not be read: {e.Message}", inner: e);
        }
        return Convert.ToHexStringLower(SHA256.HashData(content)) == claim.Sha256 ? content : throw Changed(claim);
    }

    private static PipelineException Changed(Claim claim) =>
        PipelineException.Transient(FailureReasons.ObjectDamaged, $"The message in {Address(claim)} is not what was sent.");

    private static string Address(Claim claim) => $"blob '{AzureNames.ClaimsContainer}/{claim.Blob}'";

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

    [GeneratedRegex(@"^[a-z][a-z-]{0,62}/[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9a-f]{32}\z")]
    private static partial Regex OwnName();
}
