using System.Buffers.Text;
using System.Text.Json;
using Pipeline.Notation;

namespace Pipeline.Stores.Identity;

/// <summary>
/// The parts of a token that AWS and Google compare. Nothing here is secret, and nothing is verified; those clouds do
/// that.
/// </summary>
/// <param name="Issuer">Claim <c>iss</c>.</param>
/// <param name="Audience">Claim <c>aud</c>.</param>
/// <param name="Subject">Claim <c>sub</c>.</param>
/// <param name="Version">Claim <c>ver</c>.</param>
internal sealed record TokenClaims(string? Issuer, string? Audience, string? Subject, string? Version)
{
    private const string TrustedIssuer = "https://sts.windows.net/";
    private const string FirstVersion = "1.0";

    /// <summary>Reads the claims of a token; all null if it is unreadable.</summary>
    public static TokenClaims Read(string token)
    {
        try
        {
            var claims = JsonElement.Parse(Base64Url.DecodeFromChars(token.Split('.') is [_, var body, _] ? body : ""));
            return new(Text(claims, "iss"), Text(claims, "aud"), Text(claims, "sub"), Text(claims, "ver"));
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return new(null, null, null, null);
        }
    }

    /// <summary>
    /// Returns the condition of the trust from <c>infra/aws</c> and <c>infra/gcp</c> that the token would not match;
    /// null if none is known. Only the other cloud knows which tenant and subject it trusts.
    /// </summary>
    /// <param name="audience">The audience that was requested, and that the other cloud trusts.</param>
    public string? FindMismatch(string audience)
    {
        if (Version != FirstVersion)
            return $"ver is not {FirstVersion}, so issuer and audience are not those that are trusted. Let the app "
                + "registration issue tokens of version 1: az ad app update --id APP_ID "
                + "--requested-access-token-version 1";
        if (Issuer is null || !Issuer.StartsWith(TrustedIssuer, StringComparison.Ordinal))
            return $"iss is not {TrustedIssuer}TENANT_ID/, the issuer that the identity provider trusts. Check which "
                + "cloud and tenant this identity belongs to.";
        if (Audience != audience)
            return $"aud is not {DisplayText.Quote(audience)}, the audience that is trusted. Set AZURE_TOKEN_AUDIENCE "
                + "and the trust to the same text, without a slash at the end.";
        return Guid.TryParseExact(Subject, "D", out _)
            ? null
            : "sub is not the principal id of an identity, which the trust names. Sign in with the app's identity.";
    }

    public override string ToString() =>
        $"iss {Show(Issuer)}, aud {Show(Audience)}, sub {Show(Subject)}, ver {Show(Version)}";

    private static string Show(string? claim) => claim is null ? "(none)" : DisplayText.Quote(claim);

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
