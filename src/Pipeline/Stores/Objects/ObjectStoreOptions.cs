using Pipeline.Http;

namespace Pipeline.Stores.Objects;

/// <summary>Where S3 and GCS are, and how patiently they are read. <see cref="FromEnvironment"/> reads the clouds' own variables.</summary>
public sealed record ObjectStoreOptions
{
    /// <summary>Another S3 than Amazon's, addressed by path; null for Amazon's (<c>AWS_ENDPOINT_URL_S3</c>, then <c>AWS_ENDPOINT_URL</c>).</summary>
    public Uri? S3Endpoint { get; init; }

    /// <summary>The region of the buckets (<c>AWS_REGION</c>, then <c>AWS_DEFAULT_REGION</c>).</summary>
    public string S3Region { get; init; } = "us-east-1";

    /// <summary>The access key; null leaves credentials to the SDK's chain (environment, profile, container, instance).</summary>
    public string? S3AccessKey { get; init; }

    /// <summary>The secret of <see cref="S3AccessKey"/>. Never logged.</summary>
    public string? S3SecretKey { get; init; }

    /// <summary>The session token of temporary credentials. Never logged.</summary>
    public string? S3SessionToken { get; init; }

    /// <summary>Another GCS than Google's, used without credentials, with or without a scheme and a path; null for Google's (<c>STORAGE_EMULATOR_HOST</c>).</summary>
    public string? GcsEndpoint { get; init; }

    /// <summary>How long a read may bring nothing before its connection is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the read of one object is resumed on a new connection.</summary>
    public int MaxResumes { get; init; } = 8;

    /// <summary>How often one request is tried in all when the store is overloaded, failing or unreachable.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>The upper bound of the first wait between tries; doubles each time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait between tries; a store that asks for more is left alone until the work comes back.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(20);

    internal RetryPolicy Policy => new(MaxTries, FirstDelay, LongestDelay, StallTimeout);

    /// <summary>The clouds' own variables.</summary>
    /// <param name="read">Reads one variable; the process's environment by default.</param>
    /// <exception cref="PipelineException">Permanent: an endpoint that is not an address.</exception>
    public static ObjectStoreOptions FromEnvironment(Func<string, string?>? read = null)
    {
        string? Get(string name) => (read ?? Environment.GetEnvironmentVariable)(name) is { Length: > 0 } value ? value : null;
        var endpoint = Get("AWS_ENDPOINT_URL_S3") ?? Get("AWS_ENDPOINT_URL");
        if (endpoint is not null && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration,
                $"AWS_ENDPOINT_URL_S3 is '{endpoint}', which is not an http or https address.");
        return new()
        {
            S3Endpoint = endpoint is null ? null : new Uri(endpoint),
            S3Region = Get("AWS_REGION") ?? Get("AWS_DEFAULT_REGION") ?? "us-east-1",
            S3AccessKey = Get("AWS_ACCESS_KEY_ID"),
            S3SecretKey = Get("AWS_SECRET_ACCESS_KEY"),
            S3SessionToken = Get("AWS_SESSION_TOKEN"),
            GcsEndpoint = Get("STORAGE_EMULATOR_HOST"),
        };
    }

    /// <summary>Leaves the secrets out.</summary>
    public override string ToString() => $"S3 {S3Endpoint?.ToString() ?? S3Region}, GCS {GcsEndpoint ?? "storage.googleapis.com"}";
}
