using System.Text.RegularExpressions;
using Amazon.Runtime.CredentialManagement;
using Azure.Core;
using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Stores;

/// <summary>Where S3 and GCS are, and how patiently they are read. <see cref="FromEnvironment"/> reads the clouds' own variables.</summary>
public sealed partial record ObjectStoreOptions
{
    /// <summary>Another S3 than Amazon's, addressed by path; null for Amazon's (<c>AWS_ENDPOINT_URL_S3</c>, then <c>AWS_ENDPOINT_URL</c>).</summary>
    public Uri? S3Endpoint { get; init; }

    /// <summary>The region of the buckets (<c>AWS_REGION</c>, then <c>AWS_DEFAULT_REGION</c>, then that of the profile <c>AWS_PROFILE</c>).</summary>
    public string S3Region { get; init; } = "us-east-1";

    /// <summary>The access key; null leaves credentials to the SDK's chain (environment, profile, container, instance).</summary>
    public string? S3AccessKey { get; init; }

    /// <summary>The secret of <see cref="S3AccessKey"/>. Never logged.</summary>
    public string? S3SecretKey { get; init; }

    /// <summary>The session token of temporary credentials. Never logged.</summary>
    public string? S3SessionToken { get; init; }

    /// <summary>The role that is assumed with a token of our Azure identity, in place of any key (<c>AWS_ROLE_ARN</c>, unless <c>AWS_WEB_IDENTITY_TOKEN_FILE</c> leaves that to the SDK); null for none.</summary>
    public string? S3RoleArn { get; init; }

    /// <summary>Another AWS STS than that of the region (<c>AWS_ENDPOINT_URL_STS</c>).</summary>
    public Uri? StsEndpoint { get; init; }

    /// <summary>Whether we pay for requests of buckets whose owner does not (<c>AWS_REQUEST_PAYER=requester</c>).</summary>
    public bool S3RequesterPays { get; init; }

    /// <summary>The workload identity provider at Google that trusts our Azure identity, <c>//iam.googleapis.com/projects/...</c> (<c>GOOGLE_WORKLOAD_PROVIDER</c>); null for the default credentials.</summary>
    public string? GcsProvider { get; init; }

    /// <summary>The service account to act as after that, an address (<c>GOOGLE_SERVICE_ACCOUNT</c>); null for the identity itself.</summary>
    public string? GcsServiceAccount { get; init; }

    /// <summary>The Google Cloud project that pays for requests of buckets whose owner does not (<c>GOOGLE_CLOUD_QUOTA_PROJECT</c>); null for none.</summary>
    public string? GcsUserProject { get; init; }

    /// <summary>The audience of the Azure identity's tokens, such as <c>api://APP_ID</c> (<c>AZURE_TOKEN_AUDIENCE</c>).</summary>
    public string? TokenAudience { get; init; }

    /// <summary>The client id of a user-assigned managed identity (<c>AZURE_CLIENT_ID</c>); null for the system-assigned one.</summary>
    public string? IdentityClientId { get; init; }

    /// <summary>Another GCS than Google's, used without credentials, with or without a scheme and a path; null for Google's (<c>STORAGE_EMULATOR_HOST</c>).</summary>
    public string? GcsEndpoint { get; init; }

    /// <summary>How long a read may bring nothing before its connection is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes a second that a body must bring on average, once <see cref="StallTimeout"/> has passed; else its connection
    /// is given up.
    /// </summary>
    public long LeastRate { get; init; } = 2048;

    /// <summary>The longest time that reading one body, or one call of a store, may take in all.</summary>
    public TimeSpan BodyDeadline { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How often the read of one object is resumed on a new connection.</summary>
    public int MaxResumes { get; init; } = 8;

    /// <summary>How often one request is tried in all when the store is overloaded, failing or unreachable.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>The upper bound of the first wait between tries; doubles each time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait between tries; a store that asks for more is left alone until the work comes back.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The Azure identity; null for the host's.</summary>
    internal TokenCredential? Identity { get; init; }

    /// <summary>Where Google exchanges tokens.</summary>
    internal Uri GoogleStsEndpoint { get; init; } = new("https://sts.googleapis.com/v1/token");

    /// <summary>Where Google lends service accounts.</summary>
    internal Uri GoogleIamEndpoint { get; init; } = new("https://iamcredentials.googleapis.com/");

    internal RetryPolicy Policy => new(MaxTries, FirstDelay, LongestDelay, StallTimeout);

    internal TimeLimits Limits => new(StallTimeout, LeastRate, BodyDeadline);

    /// <summary>The clouds' own variables.</summary>
    /// <param name="read">Reads one variable; the process's environment by default.</param>
    /// <exception cref="PipelineException">Permanent: values that cannot be used; the message names all of them.</exception>
    public static ObjectStoreOptions FromEnvironment(Func<string, string?>? read = null)
    {
        var faults = new List<string>();
        var options = Read(read, faults);
        return faults.Count == 0
            ? options
            : throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, string.Join(' ', faults));
    }

    /// <summary>The clouds' own variables.</summary>
    /// <param name="read">Reads one variable; null for the process's environment.</param>
    /// <param name="faults">Gets a line for each value that cannot be used.</param>
    internal static ObjectStoreOptions Read(Func<string, string?>? read, ICollection<string> faults)
    {
        string? Get(string name) => (read ?? Environment.GetEnvironmentVariable)(name) is { Length: > 0 } value ? value : null;
        Uri? GetUri(string name) => Get(name) is not { } text ? null
            : WebAddress.Parse(text) ?? Fault($"{name} is {Shown.Quote(text)}. Write an http or https address, such as https://s3.example.com.");
        bool GetPays()
        {
            var payer = Get("AWS_REQUEST_PAYER");
            if (payer is not (null or "requester"))
                Fault($"AWS_REQUEST_PAYER is {Shown.Quote(payer)}. Set it to requester, or leave it out.");
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
            faults.Add($"GOOGLE_CLOUD_QUOTA_PROJECT is {Shown.Quote(project)}, which is not the id of a project such as my-project-123.");
        return options;
    }

    /// <summary>In words, and without any secret: who signs in to a store.</summary>
    internal string CredentialKind(string scheme) => (scheme, this) switch
    {
        ("s3", { S3RoleArn: { } role }) => $"the role {role}, assumed with the Azure identity",
        ("s3", { S3AccessKey: not null, S3SecretKey: not null }) => "a static access key",
        ("s3", _) => "the credentials the AWS SDK found",
        (_, { GcsEndpoint: not null }) => "no credentials (an emulator)",
        (_, { GcsProvider: not null }) => $"the Azure identity{(GcsServiceAccount is null ? "" : $" as {GcsServiceAccount}")} by workload identity federation",
        _ => "Google's default credentials",
    };

    /// <summary>Leaves the secrets out.</summary>
    public override string ToString() => $"S3 {S3Endpoint?.ToString() ?? S3Region}, GCS {GcsEndpoint ?? "storage.googleapis.com"}";

    /// <summary>The region of a profile in the AWS configuration files, whose key and endpoint the SDK takes from there too.</summary>
    private static string? RegionOfProfile(string? name) =>
        name is not null && new CredentialProfileStoreChain().TryGetProfile(name, out var profile) ? profile.Region?.SystemName : null;

    private void CheckTrust(ICollection<string> faults)
    {
        if (S3RoleArn is not null && !RoleArn().IsMatch(S3RoleArn))
            faults.Add($"AWS_ROLE_ARN is {Shown.Quote(S3RoleArn)}, which is not the ARN of a role such as arn:aws:iam::123456789012:role/results.");
        if (S3RoleArn is not null && S3AccessKey is not null)
            faults.Add("AWS_ROLE_ARN and AWS_ACCESS_KEY_ID are both set. Leave out the key, or the role.");
        if (GcsProvider is not null && !Provider().IsMatch(GcsProvider))
            faults.Add($"GOOGLE_WORKLOAD_PROVIDER is {Shown.Quote(GcsProvider)}, which is not a provider such as //iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/azure.");
        if (GcsServiceAccount is not null && !ServiceAccount().IsMatch(GcsServiceAccount))
            faults.Add($"GOOGLE_SERVICE_ACCOUNT is {Shown.Quote(GcsServiceAccount)}, which is not the address of a service account.");
        if (GcsServiceAccount is not null && GcsProvider is null)
            faults.Add("GOOGLE_SERVICE_ACCOUNT needs GOOGLE_WORKLOAD_PROVIDER.");
        if (TokenAudience is null && (S3RoleArn ?? GcsProvider) is not null)
            faults.Add($"{(S3RoleArn is null ? "GOOGLE_WORKLOAD_PROVIDER" : "AWS_ROLE_ARN")} needs AZURE_TOKEN_AUDIENCE, the audience it trusts, such as api://APP_ID.");
    }

    [GeneratedRegex(@"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")]
    private static partial Regex RoleArn();

    [GeneratedRegex(@"^//iam\.googleapis\.com/projects/[^/]+/locations/global/workloadIdentityPools/[^/]+/providers/[^/]+$")]
    private static partial Regex Provider();

    [GeneratedRegex(@"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    private static partial Regex ProjectId();

    [GeneratedRegex(@"^[\w.-]+@[\w.-]+$")]
    private static partial Regex ServiceAccount();
}
