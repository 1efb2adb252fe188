using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.Options;

namespace Pipeline.Dashboard.Access;

/// <summary>
/// Issues and checks the value of the session cookie, <c>{kind}.{end}.{random}.{HMAC}</c>, and the tokens of forms.
/// Nothing is stored, so every instance of an app accepts what another one issued. ASP.NET's own antiforgery would need
/// a key ring that all instances share.
/// </summary>
internal sealed class SessionTickets(IOptions<PipelineOptions> options, TimeProvider time)
{
    /// <summary>How long a ticket is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private const string Holder = "key";
    private const string Visitor = "visit";

    private readonly byte[] _secret = DeriveSecret(options.Value);

    /// <summary>Issues a ticket.</summary>
    /// <param name="holdsKey">Whether its holder gave the key.</param>
    public string Issue(bool holdsKey)
    {
        var end = (time.GetUtcNow() + Lifetime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var random = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var text = $"{(holdsKey ? Holder : Visitor)}.{end}.{random}";
        return $"{text}.{Sign("ticket", text)}";
    }

    /// <summary>Whether this process, or another one with its keys, issued the ticket and it has not ended.</summary>
    public bool IsValid(string? ticket) => ReadKind(ticket) is not null;

    /// <summary>Whether the holder of a valid ticket gave the key.</summary>
    public bool HoldsKey(string? ticket) => ReadKind(ticket) == Holder;

    /// <summary>The token that a form carries, which only a page of this ticket's session can know.</summary>
    public string FormTokenFor(string ticket) => Sign("form", ticket);

    /// <summary>Whether a form was sent from a page of this ticket's session.</summary>
    public bool IsFormToken(string ticket, string? token) => AreEqual(FormTokenFor(ticket), token);

    /// <summary>Compares two secrets in a time that does not depend on where they differ.</summary>
    public static bool AreEqual(string expected, string? given) =>
        given is not null
        && CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(expected)), SHA256.HashData(Encoding.UTF8.GetBytes(given)));

    private string? ReadKind(string? ticket)
    {
        if (ticket?.Split('.') is not [var kind, var end, var random, var signature]
            || !AreEqual(Sign("ticket", $"{kind}.{end}.{random}"), signature)
            || !long.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return null;
        return seconds > time.GetUtcNow().ToUnixTimeSeconds() ? kind : null;
    }

    private string Sign(string use, string text) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes($"{use}:{text}")));

    // A new key ends all sessions. Without any key, sessions end with the process.
    private static byte[] DeriveSecret(PipelineOptions options)
    {
        var key = options.Dashboard.Key is { Length: > 0 } given ? Encoding.UTF8.GetBytes(given)
            : options.Delivery.CallbackKeys is [var first, ..] ? Convert.FromBase64String(first)
            : RandomNumberGenerator.GetBytes(32);
        return HMACSHA256.HashData(key, "dashboard sessions"u8);
    }
}
