using Google.Apis.Auth.OAuth2;
using Pipeline.Stores.Identity;

namespace Pipeline.Stores.Gcs;

/// <summary>
/// Exchanges tokens of our Azure identity for Google credentials by workload identity federation. Google's library
/// renews them.
/// </summary>
internal sealed class GcsFederation(FederatedToken token) : ProgrammaticExternalAccountCredential.ISubjectTokenProvider
{
    private const string TokenType = "urn:ietf:params:oauth:token-type:jwt";

    public static GoogleCredential Create(ObjectStoreOptions options) => new ProgrammaticExternalAccountCredential(
        new ProgrammaticExternalAccountCredential.Initializer(
            options.GoogleStsEndpoint.AbsoluteUri, options.GcsProvider!, TokenType, new GcsFederation(new(options)))
        {
            ServiceAccountImpersonationUrl = options.GcsServiceAccount is { } account
                ? new Uri(
                    options.GoogleIamEndpoint,
                    $"v1/projects/-/serviceAccounts/{account}:generateAccessToken").AbsoluteUri
                : null,
        }).ToGoogleCredential();

    public Task<string> GetSubjectTokenAsync(
        ProgrammaticExternalAccountCredential caller,
        CancellationToken taskCancellationToken) => token.GetAsync(taskCancellationToken);
}
