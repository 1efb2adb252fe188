using System.Text.RegularExpressions;
using Amazon.Runtime.CredentialManagement;
using Azure.Core;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Stores;

/// <summary>
/// Endpoints and credentials of S3 and GCS. <see cref="FromEnvironment"/> reads the clouds' own variables.
/// </summary>
public sealed partial record ObjectStoreOptions : StoreLimits
{
    /// <summary>
    /// The endpoint of an S3-compatible store, used with path-style addresses (<c>AWS_ENDPOINT_URL_S3</c>, then
    /// <c>AWS_ENDPOINT_URL</c>); null for Amazon S3.
    /// </summary>
    public Uri? S3Endpoint { get; init; }

    /// <summary>
    /// The region of the buckets (<c>AWS_REGION</c>, then <c>AWS_DEFAULT_REGION</c>, then the region of the profile
    /// <c>AWS_PROFILE</c>).
    /// </summary>
    public string S3Region { get; init; } = "us-east-1";

    /// <summary>
    /// The access key; null to use the SDK's credential chain (environment, profile, container, instance).
    /// </summary>
    public string? S3AccessKey { get; init; }

    /// <summary>The secret of <see cref="S3AccessKey"/>. Never logged.</summary>
    public string? S3SecretKey { get; init; }

    /// <summary>The session token of temporary credentials. Never logged.</summary>
    public string? S3SessionToken { get; init; }

    /// <summary>
    /// The role to assume with a token of our Azure identity, instead of a key (<c>AWS_ROLE_ARN</c>); null for none. If
    /// <c>AWS_WEB_IDENTITY_TOKEN_FILE</c> is set, the SDK assumes the role itself.
    /// </summary>
    public string? S3RoleArn { get; init; }

    /// <summary>The endpoint of AWS STS (<c>AWS_ENDPOINT_URL_STS</c>); null for the region's own.</summary>
    public Uri? StsEndpoint { get; init; }

    /// <summary>Whether we pay for requests to requester-pays buckets (<c>AWS_REQUEST_PAYER=requester</c>).</summary>
    public bool S3RequesterPays { get; init; }

    /// <summary>
    /// The Google workload identity provider that trusts our Azure identity, <c>//iam.googleapis.com/projects/...</c>
    /// (<c>GOOGLE_WORKLOAD_PROVIDER</c>); null for the default credentials.
    /// </summary>
    public string? GcsProvider { get; init; }

    /// <summary>
    /// The email address of the service account to impersonate (<c>GOOGLE_SERVICE_ACCOUNT</c>); null to use the
    /// identity itself.
    /// </summary>
    public string? GcsServiceAccount { get; init; }

    /// <summary>
    /// The Google Cloud project that pays for requests to requester-pays buckets (<c>GOOGLE_CLOUD_QUOTA_PROJECT</c>);
    /// null for none.
    /// </summary>
    public string? GcsUserProject { get; init; }

    /// <summary>
    /// The audience of the Azure identity's tokens, such as <c>api://APP_ID</c> (<c>AZURE_TOKEN_AUDIENCE</c>).
    /// </summary>
    public string? TokenAudience { get; init; }

    /// <summary>
    /// The client id of a user-assigned managed identity (<c>AZURE_CLIENT_ID</c>); null for the system-assigned one.
    /// </summary>
    public string? IdentityClientId { get; init; }

    /// <summary>
    /// The address of a GCS emulator, with or without a scheme and a path (<c>STORAGE_EMULATOR_HOST</c>). Used without
    /// credentials. Null for Google.
    /// </summary>
    public string? GcsEndpoint { get; init; }

    /// <summary>The Azure identity; null for the host's.</summary>
    internal TokenCredential? Identity { get; init; }

    /// <summary>The Google endpoint that exchanges tokens.</summary>
    internal Uri GoogleStsEndpoint { get; init; } = new("https://sts.googleapis.com/v1/token");

    /// <summary>The Google endpoint that impersonates service accounts.</summary>
    internal Uri GoogleIamEndpoint { get; init; } = new("https://iamcredentials.googleapis.com/");

    /// <summary>Reads the clouds' own variables.</summary>
    /// <param name="read">Reads one variable; by default from the process's environment.</param>
    /// <exception cref="PipelineException">Permanent: invalid values. The message names all of them.</exception>
    public static ObjectStoreOptions FromEnvironment(Func<string, string?>? read = null)
    {
        var faults = new List<string>();
        var options = Read(read, faults);
        return faults.Count == 0
            ? options
            : throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, string.Join(' ', faults));
    }

    /// <summary>Reads the clouds' own variables.</summary>
    /// <param name="read">Reads one variable; null for the process's environment.</param>
    /// <param name="faults">Receives a line for each invalid value.</param>
    internal static ObjectStoreOptions Read(Func<string, string?>? read, ICollection<string> faults)
    {
        string? Get(string name) =>
            (read ?? Environment.GetEnvironmentVariable)(name) is { Length: > 0 } value ? value : null;
        Uri? GetUri(string name) => Get(name) is not { } text ? null
            : WebAddress.Parse(text)
                ?? Fault(
                    $"{name} is {DisplayText.Quote(text)}. Write an http or https address, such as "
                        + "https://s3.example.com.");
        bool GetPays()
        {
            var payer = Get("AWS_REQUEST_PAYER");
            if (payer is not (null or "requester"))
                Fault($"AWS_REQUEST_PAYER is {DisplayText.Quote(payer)}. Set it to requester, or leave it out.");
            return payer is not null;
        }
        Uri? Fault(string message)
        {
            faults.Add(message);
            return null;
        }

        var options = new ObjectStoreOptions
        {
            S3Endpoint = GetUri("AWS_ENDPOINT_URL_S3") ?? GetUri("AWS_ENDPOINT_URL"),
            S3Region = Get("AWS_REGION") ?? Get("AWS_DEFAULT_REGION")
                ?? RegionOfProfile(Get("AWS_PROFILE") ?? (read is null ? "default" : null)) ?? "us-east-1",
            S3AccessKey = Get("AWS_ACCESS_KEY_ID"),
            S3SecretKey = Get("AWS_SECRET_ACCESS_KEY"),
            S3SessionToken = Get("AWS_SESSION_TOKEN"),
            S3RoleArn = Get("AWS_WEB_IDENTITY_TOKEN_FILE") is null ? Get("AWS_ROLE_ARN") : null,
            StsEndpoint = GetUri("AWS_ENDPOINT_URL_STS"),
            S3RequesterPays = GetPays(),
            GcsUserProject = Get("GOOGLE_CLOUD_QUOTA_PROJECT"),
            GcsEndpoint = Get("STORAGE_EMULATOR_HOST"),
            GcsProvider = Get("GOOGLE_WORKLOAD_PROVIDER"),
            GcsServiceAccount = Get("GOOGLE_SERVICE_ACCOUNT"),
            TokenAudience = Get("AZURE_TOKEN_AUDIENCE"),
            IdentityClientId = Get("AZURE_CLIENT_ID"),
        };
        options.CheckTrust(faults);
        if (options.GcsUserProject is { } project && !ProjectId().IsMatch(project))
            faults.Add(
                $"GOOGLE_CLOUD_QUOTA_PROJECT is {DisplayText.Quote(project)}, which is not the id of a "
                    + "project such as my-project-123.");
        return options;
    }

    /// <summary>Whether an Azure identity signs in to a store, which the store's cloud must trust.</summary>
    internal bool UsesIdentity(string scheme) => (scheme == "s3" ? S3RoleArn : GcsProvider) is not null
        && !(scheme == "gs" && GcsEndpoint is not null);

    /// <summary>Describes how the pipeline signs in to a store, without secrets.</summary>
    internal string CredentialKind(string scheme) => (scheme, this) switch
    {
        ("s3", { S3RoleArn: { } role }) => $"the role {role}, assumed with the Azure identity",
        ("s3", { S3AccessKey: not null, S3SecretKey: not null }) => "a static access key",
        ("s3", _) => "the credentials the AWS SDK found",
        (_, { GcsEndpoint: not null }) => "no credentials (an emulator)",
        (_, { GcsProvider: not null }) =>
            $"the Azure identity{(GcsServiceAccount is null ? "" : $" as {GcsServiceAccount}")} by "
                + "workload identity federation",
        _ => "Google's default credentials",
    };

    /// <summary>Describes the stores without secrets.</summary>
    public override string ToString() =>
        $"S3 {S3Endpoint?.ToString() ?? S3Region}, GCS {GcsEndpoint ?? "storage.googleapis.com"}";

    /// <summary>
    /// Returns the region of a profile in the AWS configuration files. The SDK reads the profile's key and endpoint
    /// itself.
    /// </summary>
    private static string? RegionOfProfile(string? name) =>
        name is not null && new CredentialProfileStoreChain().TryGetProfile(name, out var profile)
            ? profile.Region?.SystemName
            : null;

    private void CheckTrust(ICollection<string> faults)
    {
        if (S3RoleArn is not null && !RoleArn().IsMatch(S3RoleArn))
            faults.Add(
                $"AWS_ROLE_ARN is {DisplayText.Quote(S3RoleArn)}, which is not the ARN of a role such as "
                    + "arn:aws:iam::123456789012:role/results.");
        if (S3RoleArn is not null && S3AccessKey is not null)
            faults.Add("AWS_ROLE_ARN and AWS_ACCESS_KEY_ID are both set. Leave out the key, or the role.");
        if (GcsProvider is not null && !Provider().IsMatch(GcsProvider))
            faults.Add(
                $"GOOGLE_WORKLOAD_PROVIDER is {DisplayText.Quote(GcsProvider)}, which is not a provider such as "
                    + "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/azure.");
        if (GcsServiceAccount is not null && !ServiceAccount().IsMatch(GcsServiceAccount))
            faults.Add(
                $"GOOGLE_SERVICE_ACCOUNT is {DisplayText.Quote(GcsServiceAccount)}, which is not the "
                    + "address of a service account.");
        if (GcsServiceAccount is not null && GcsProvider is null)
            faults.Add("GOOGLE_SERVICE_ACCOUNT needs GOOGLE_WORKLOAD_PROVIDER.");
        if (TokenAudience is null && (S3RoleArn ?? GcsProvider) is not null)
            faults.Add(
                $"{(S3RoleArn is null ? "GOOGLE_WORKLOAD_PROVIDER" : "AWS_ROLE_ARN")} needs AZURE_TOKEN_AUDIENCE, the "
                    + "audience it trusts, such as api://APP_ID.");
    }

    [GeneratedRegex(@"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")]
    private static partial Regex RoleArn();

    [GeneratedRegex(
        @"^//iam\.googleapis\.com/projects/[^/]+/locations/global/workloadIdentityPools/[^/]+/providers/[^/]+$")]
    private static partial Regex Provider();

    [GeneratedRegex(@"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    private static partial Regex ProjectId();

    [GeneratedRegex(@"^[\w.-]+@[\w.-]+$")]
    private static partial Regex ServiceAccount();
}
