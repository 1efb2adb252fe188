using Azure;
using Azure.Core;
using Azure.Identity;
using Pipeline.Model;
using Pipeline.Stores.Azure;

namespace Pipeline.Stores.Identity;

/// <summary>Gets tokens of our Azure identity, which another cloud trusts instead of a key.</summary>
internal sealed class FederatedToken(ObjectStoreOptions options)
{
    private readonly TokenCredential _identity = options.Identity
        ?? AzureAccount.CreateCredential(new AzureStorageOptions { ClientId = options.IdentityClientId });

    /// <summary>The token's audience.</summary>
    public string Audience { get; } = options.TokenAudience
        ?? throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, "AZURE_TOKEN_AUDIENCE is not set.");

    /// <summary>Returns a valid token. Azure.Identity caches it until it must be renewed.</summary>
    /// <exception cref="PipelineException">
    /// Transient: Azure is unavailable. Permanent: the identity or the audience does not exist.
    /// </exception>
    public async Task<string> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await _identity.GetTokenAsync(new([$"{Audience.TrimEnd('/')}/.default"]), cancellationToken)).Token;
        }
        catch (CredentialUnavailableException e)
        {
            throw Refused(
                $"This host has no Azure identity: {Line(e)} Assign the managed identity to this host and set "
                + "AZURE_CLIENT_ID to its client id.",
                e);
        }
        catch (AuthenticationFailedException e)
            when (
                e.InnerException is RequestFailedException { Status: >= 400 and < 500 and not (404 or 408 or 410
                    or 429) } or null)
        {
            throw Refused(
                $"Azure refuses a token for the audience '{Audience}': {Line(e)} Check AZURE_TOKEN_AUDIENCE (an "
                + "application id URI of the tenant) and AZURE_CLIENT_ID.",
                e);
        }
        catch (Exception e) when (e is AuthenticationFailedException or RequestFailedException)
        {
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"Cannot get a token for the audience '{Audience}' from Azure now: {Line(e)}", inner: e);
        }
    }

    private static PipelineException Refused(string message, Exception e) =>
        PipelineException.Permanent(FailureReasons.AccessDenied, message, e);

    private static string Line(Exception e) => e.Message.ReplaceLineEndings("\n").Split('\n')[0].TrimEnd();
}
