using System.Buffers.Text;
using System.Text;
using Pipeline.Stores.Identity;

namespace Pipeline.Tests.Stores.Identity;

/// <summary>
/// Before AWS or Google rejects a token, doctor names the condition of the trust that it does not match.
/// </summary>
public sealed class TokenClaimsTests
{
    private const string Tenant = "11111111-2222-3333-4444-555555555555";
    private const string Subject = "66666666-7777-8888-9999-aaaaaaaaaaaa";
    private const string Audience = "api://results";

    [Fact]
    public void ATokenOfVersionOneForTheAudienceMayBeTrusted()
    {
        var claims = TokenClaims.Read(Token($"https://sts.windows.net/{Tenant}/", Audience, Subject, "1.0"));

        Assert.Null(claims.FindMismatch(Audience));
        Assert.Equal(
            $"iss 'https://sts.windows.net/{Tenant}/', aud 'api://results', sub '{Subject}', ver '1.0'",
            claims.ToString());
    }

    [Theory]
    [InlineData($"https://login.microsoftonline.com/{Tenant}/v2.0", "app-id", Subject, "2.0", "ver is not 1.0")]
    [InlineData($"https://sts.chinacloudapi.cn/{Tenant}/", Audience, Subject, "1.0", "iss is not")]
    [InlineData($"https://sts.windows.net/{Tenant}/", "api://other", Subject, "1.0", "aud is not 'api://results'")]
    [InlineData($"https://sts.windows.net/{Tenant}/", "api://results/", Subject, "1.0", "aud is not 'api://results'")]
    [InlineData($"https://sts.windows.net/{Tenant}/", Audience, "AbCdEf", "1.0", "sub is not the principal id")]
    public void TheConditionThatDoesNotMatchIsNamed(
        string issuer, string audience, string subject, string version, string expected) =>
        Assert.StartsWith(
            expected, TokenClaims.Read(Token(issuer, audience, subject, version)).FindMismatch(Audience),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("opaque")]
    [InlineData("a.b.c")]
    [InlineData("a.%%%.c")]
    [InlineData("a.W10.c")]
    [InlineData("a.eyJpc3MiOjF9.c")]
    public void WhatIsNoTokenHasNoClaims(string token)
    {
        var claims = TokenClaims.Read(token);

        Assert.Equal(new TokenClaims(null, null, null, null), claims);
        Assert.NotNull(claims.FindMismatch(Audience));
    }

    [Fact]
    public void NeitherSignatureNorOtherClaimsAreShown()
    {
        var shown = TokenClaims.Read(
            Token($"https://sts.windows.net/{Tenant}/", Audience, "a\nb", "1.0") + "secret").ToString();

        Assert.DoesNotContain("secret", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("private@example.com", shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', shown);
    }

    private static string Token(string issuer, string audience, string subject, string version)
    {
        var claims = System.Text.Json.JsonSerializer.Serialize(
            new { iss = issuer, aud = audience, sub = subject, ver = version, upn = "private@example.com" });
        return $"header.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.signature";
    }
}
