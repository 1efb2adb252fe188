using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Pipeline.Callback;

/// <summary>
/// The secret part of a callback URL: HMAC-SHA-256 over the submission id. The first key signs, every key verifies, so that a key is
/// rotated by putting the new one first and taking the old one away once its submissions are closed.
/// </summary>
internal sealed class CallbackTokens(IOptions<PipelineOptions> options)
{
    private readonly byte[][] _keys = [.. options.Value.Delivery.CallbackKeys.Select(Convert.FromBase64String)];

    /// <summary>The URL Nimble is told to call for a submission; null when webhooks are off.</summary>
    public Uri? UrlFor(string submissionId)
    {
        if (options.Value.Delivery.CallbackBase is not { } callbackBase)
            return null;
        return new($"{callbackBase.AbsoluteUri.TrimEnd('/')}/api/callbacks/{submissionId}/{Sign(_keys[0], submissionId)}");
    }

    /// <summary>
    /// The part of a submission's delivery prefix that nobody can guess, 32 hex digits; null without a key. Another input of the
    /// HMAC than the token's, since Nimble's results may be read by people who must not call back.
    /// </summary>
    public string? PrefixSecretFor(string submissionId) => _keys is [var key, ..]
        ? Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"prefix:{submissionId}")).AsSpan(..16))
        : null;

    /// <summary>Whether a token was made by one of the keys for this submission; the time it takes does not depend on the token.</summary>
    public bool Verify(string submissionId, string token)
    {
        var given = Encoding.ASCII.GetBytes(token);
        var valid = false;
        foreach (var key in _keys)
            valid |= CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Sign(key, submissionId)));
        return valid;
    }

    private static string Sign(byte[] key, string submissionId) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(submissionId)));
}
