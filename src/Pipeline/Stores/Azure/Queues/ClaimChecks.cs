using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure;
using Azure.Storage.Blobs;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>
/// Stores messages that do not fit in a queue as blobs. A small message, the claim, names the blob. Redeeming a claim
/// does not delete its blob, because a repeated send leaves two messages for one blob; a lifecycle rule clears the
/// container. Anybody who may send messages may forge a claim, so only blobs with names from <see cref="DepositAsync"/>
/// are read, and only up to <see cref="MaxBytes"/>.
/// </summary>
internal sealed partial class ClaimChecks(AzureAccount account, TimeProvider time)
{
    /// <summary>Maximum size of a message in a blob, in bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int MaxClaimBytes = 512;

    private readonly AzureResource<BlobContainerClient> _claims = account.Container(AzureNames.ClaimsContainer);

    /// <summary>Stores a message in a blob. Returns the claim to send instead.</summary>
    /// <exception cref="PipelineException">Permanent: the message is larger than <see cref="MaxBytes"/>.</exception>
    public async Task<string> DepositAsync(string queue, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (body.Length > MaxBytes)
        {
            throw PipelineException.Permanent(
                FailureReasons.LimitExceeded,
                $"The message has {body.Length:N0} bytes; the maximum is {MaxBytes:N0}. Upload the list to container "
                + "'lists' and send a message that points to it: {\"source\":\"azblob://lists/NAME\"}");
        }
        var day = time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var name = $"{queue}/{day}/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";
        using var content = new MemoryStream(body.ToArray());
        await BlobUpload.WriteAsync(_claims, name, content, "application/octet-stream", cancellationToken);
        return JsonSerializer.Serialize(
            new Claim
            {
                Blob = name,
                Bytes = body.Length,
                Sha256 = Convert.ToHexStringLower(SHA256.HashData(body.Span)),
            },
            AzureJson.Plain.Claim);
    }

    /// <summary>
    /// Returns the message as it was sent: the given message, or the content of the blob that its claim names.
    /// </summary>
    /// <exception cref="PipelineException">
    /// Permanent: the blob is missing, or the claim is forged. Transient: the blob differs from what was sent, or
    /// cannot be read now.
    /// </exception>
    public async Task<ReadOnlyMemory<byte>> RedeemAsync(
        ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (Read(message) is not { } claim)
            return message;
        if (!OwnName().IsMatch(claim.Blob) || claim.Bytes is < 0 or > MaxBytes)
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                "The message is a claim that the pipeline did not write. Send the list again.");
        try
        {
            return await ReadAsync(claim, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            throw PipelineException.Permanent(
                FailureReasons.Internal,
                $"The message in {Address(claim)} was deleted before it was handled. Send the list again.",
                e);
        }
    }

    private async Task<byte[]> ReadAsync(Claim claim, CancellationToken cancellationToken)
    {
        using var download = await _claims.RunAsync(
            async c =>
                (await c.GetBlobClient(claim.Blob).DownloadStreamingAsync(cancellationToken: cancellationToken)).Value,
                cancellationToken);
        if (download.Details.ContentLength != claim.Bytes)
            throw Changed(claim);
        var content = new byte[claim.Bytes];
        try
        {
            await download.Content.ReadExactlyAsync(content, cancellationToken);
        }
        catch (Exception e) when (e is IOException or RequestFailedException)
        {
            throw PipelineException.Transient(
                FailureReasons.Unavailable, $"Cannot read the message in {Address(claim)}: {FaultWords.Of(e)}.",
                inner: e);
        }
        return Convert.ToHexStringLower(SHA256.HashData(content)) == claim.Sha256 ? content : throw Changed(claim);
    }

    private static PipelineException Changed(Claim claim) =>
        PipelineException.Transient(
            FailureReasons.ObjectDamaged, $"The message in {Address(claim)} differs from what was sent.");

    private static string Address(Claim claim) => $"blob '{AzureNames.ClaimsContainer}/{claim.Blob}'";

    private static Claim? Read(ReadOnlyMemory<byte> message)
    {
        if (message.Length > MaxClaimBytes || message.Span.IndexOf("\"pipeline.claim/1\""u8) < 0)
            return null;
        try
        {
            return JsonSerializer.Deserialize(
                message.Span, AzureJson.Plain.Claim) is { Schema: Claim.Name, Blob.Length: > 0 } claim
                ? claim
                : null;
        }
        // Not a claim: a list may contain any text.
        catch (JsonException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^[a-z][a-z-]{0,62}/[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9a-f]{32}\z")]
    private static partial Regex OwnName();
}
