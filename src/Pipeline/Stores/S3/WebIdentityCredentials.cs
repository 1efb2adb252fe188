using Amazon;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Stores.Identity;

namespace Pipeline.Stores.S3;

/// <summary>
/// Exchanges tokens of our Azure identity for credentials of an AWS role. One caller renews them before they expire,
/// while the others wait. A transient failure of the renewal is not an error while the old credentials are valid.
/// </summary>
internal sealed class WebIdentityCredentials : AWSCredentials, IDisposable
{
    private static readonly TimeSpan RenewBefore = TimeSpan.FromMinutes(5);

    private readonly FederatedToken _token;
    private readonly TimeProvider _time;
    private readonly AmazonSecurityTokenServiceClient _sts;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly string _role;
    private Lease? _lease;

    public WebIdentityCredentials(ObjectStoreOptions options, TimeProvider time)
    {
        _role = options.S3RoleArn!;
        _token = new(options);
        _time = time;
        var config = new AmazonSecurityTokenServiceConfig
        {
            MaxErrorRetry = options.MaxTries - 1,
            RetryMode = RequestRetryMode.Standard,
            Timeout = options.StallTimeout,
            HttpClientFactory = new AwsClientFactory(options.Limits, time),
        };
        if (options.StsEndpoint is { } endpoint)
            config.ServiceURL = endpoint.AbsoluteUri;
        else
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.S3Region);
        _sts = new(new AnonymousAWSCredentials(), config);
    }

    // The SDK calls this only from its synchronous methods, which the pipeline does not use.
    public override ImmutableCredentials GetCredentials() => Task.Run(GetCredentialsAsync).GetAwaiter().GetResult();

    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        if (IsFresh(Volatile.Read(ref _lease), RenewBefore, out var ready))
            return ready;
        await _gate.WaitAsync();
        try
        {
            if (IsFresh(_lease, RenewBefore, out ready))
                return ready;
            Volatile.Write(ref _lease, await AssumeAsync());
            return _lease!.Keys;
        }
        catch (PipelineException e) when (!e.IsPermanent && IsFresh(_lease, TimeSpan.Zero, out ready))
        {
            return ready;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _sts.Dispose();
        _gate.Dispose();
    }

    private bool IsFresh(
        Lease? lease, TimeSpan margin,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ImmutableCredentials? keys)
    {
        keys = lease?.Expires - margin > _time.GetUtcNow() ? lease!.Keys : null;
        return keys is not null;
    }

    private async Task<Lease> AssumeAsync()
    {
        var token = await _token.GetAsync(CancellationToken.None);
        try
        {
            var answer = await _sts.AssumeRoleWithWebIdentityAsync(
                new() { RoleArn = _role, RoleSessionName = "pipeline", WebIdentityToken = token });
            var keys = answer.Credentials;
            return new(
                new(keys.AccessKeyId, keys.SecretAccessKey, keys.SessionToken),
                keys.Expiration!.Value.ToUniversalTime());
        }
        catch (AmazonSecurityTokenServiceException e) when (IsRefusal(e))
        {
            throw PipelineException.Permanent(FailureReasons.AccessDenied, Explain(e), e);
        }
        catch (Exception e)
            when (e is AmazonClientException or AmazonServiceException
                || Faults.IsOfConnection(e, CancellationToken.None))
        {
            throw PipelineException.Transient(
                FailureReasons.Unavailable, $"AWS STS ({_role}) {S3Errors.Describe(e)}.", inner: e);
        }
    }

    private static bool IsRefusal(AmazonSecurityTokenServiceException e) =>
        (int)e.StatusCode is >= 400 and < 500 and not (408 or 429)
            && e.ErrorCode is not (
                "Throttling" or "ThrottlingException" or "RequestLimitExceeded" or "IDPCommunicationError");

    private string Explain(AmazonSecurityTokenServiceException e) =>
        $"AWS STS refuses the role {_role} to the token for the audience '{_token.Audience}' ({e.ErrorCode}). "
            + e switch
        {
            InvalidIdentityTokenException =>
                "Check that the account has an identity provider for https://sts.windows.net/TENANT/ with this "
                    + "audience (stack output of infra/aws/results-bucket.yaml).",
            ExpiredTokenException => "The token has expired. Check the clock of this machine.",
            _ =>
                "Check AWS_ROLE_ARN, and that the role trusts this audience and, as subject, the principal id of the "
                    + "identity (parameters Audience and IdentityPrincipalId of infra/aws/results-bucket.yaml).",
        };

    private sealed record Lease(ImmutableCredentials Keys, DateTimeOffset Expires);
}
