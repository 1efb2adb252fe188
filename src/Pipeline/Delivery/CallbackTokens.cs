using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.Options;

namespace Pipeline.Delivery;

/// <summary>
/// Creates and verifies the token in a callback URL: HMAC-SHA-256 over the submission id. The first key signs, every
/// key verifies. To rotate a key, put the new one first and remove the old one once its submissions are closed.
/// </summary>
internal sealed class CallbackTokens(IOptions<PipelineOptions> options)
{
    private readonly byte[][] _keys = [.. options.Value.Delivery.CallbackKeys.Select(Convert.FromBase64String)];

    /// <summary>Returns the callback URL of a submission; null if webhooks are off.</summary>
    public Uri? UrlFor(string submissionId)
    {
        if (options.Value.Delivery.CallbackBase is not { } callbackBase)
            return null;
        return new(
            $"{callbackBase.AbsoluteUri.TrimEnd('/')}/api/callbacks/{submissionId}/{Sign(_keys[0], submissionId)}");
    }

    /// <summary>
    /// Returns the secret part of a submission's delivery prefix: 32 hex digits; null without a key. Its HMAC has
    /// another input than the token's because people who may read the results must not be able to forge callbacks.
    /// </summary>
    public string? PrefixSecretFor(string submissionId) =>
        _keys is [var key, ..] ? Secret(key, submissionId) : null;

    /// <summary>Whether there is a key.</summary>
    public bool HasKeys => _keys.Length > 0;

    /// <summary>
    /// Whether one of the keys made this secret part for the submission's prefix. Runs in constant time.
    /// </summary>
    public bool IsPrefixSecret(string submissionId, string secret)
    {
        var given = Encoding.ASCII.GetBytes(secret);
        var valid = false;
        foreach (var key in _keys)
            valid |= CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Secret(key, submissionId)));
        return valid;
    }

    /// <summary>Whether one of the keys signed this token for the submission. Runs in constant time.</summary>
    public bool Verify(string submissionId, string token)
    {
        var given = Encoding.ASCII.GetBytes(token);
        var valid = false;
        foreach (var key in _keys)
            valid |= CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Sign(key, submissionId)));
        return valid;
    }

    private static string Secret(byte[] key, string submissionId) => Convert.ToHexStringLower(
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"prefix:{submissionId}")).AsSpan(..16));

    private static string Sign(byte[] key, string submissionId) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(submissionId)));
}
