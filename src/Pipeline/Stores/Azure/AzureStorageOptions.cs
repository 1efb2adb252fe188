using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Stores.Azure;

/// <summary>Which identity signs in where there is no connection string.</summary>
public enum AzureCredentialKind
{
    /// <summary>The workload identity of Kubernetes where its token file is configured; else the managed identity of the host, and on a desk the Azure CLI's.</summary>
    Automatic,

    /// <summary>The managed identity of the host only.</summary>
    ManagedIdentity,

    /// <summary>The workload identity of Kubernetes only.</summary>
    WorkloadIdentity,

    /// <summary>Whoever is signed in to the Azure CLI.</summary>
    AzureCli,
}

/// <summary>Which storage account, who signs in, and how patiently. <see cref="FromEnvironment"/> reads the names that the Functions host uses.</summary>
public sealed record AzureStorageOptions
{
    private const string Prefix = "AzureWebJobsStorage";

    /// <summary>A connection string with a key or a shared access signature; null signs in with an identity (<c>AzureWebJobsStorage</c>). Never logged.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>The account's name in the public cloud (<c>AzureWebJobsStorage__accountName</c>); the three addresses come from it where they are not given.</summary>
    public string? AccountName { get; init; }

    /// <summary>The address of its blobs (<c>AzureWebJobsStorage__blobServiceUri</c>).</summary>
    public Uri? BlobServiceUri { get; init; }

    /// <summary>The address of its queues (<c>AzureWebJobsStorage__queueServiceUri</c>).</summary>
    public Uri? QueueServiceUri { get; init; }

    /// <summary>The address of its tables (<c>AzureWebJobsStorage__tableServiceUri</c>).</summary>
    public Uri? TableServiceUri { get; init; }

    /// <summary>Who signs in (<c>AzureWebJobsStorage__credential</c>: <c>managedidentity</c>, <c>workloadidentity</c>, <c>azurecli</c>).</summary>
    public AzureCredentialKind Credential { get; init; }

    /// <summary>The client id of a user-assigned managed identity (<c>AzureWebJobsStorage__clientId</c>); null for the system-assigned one.</summary>
    public string? ClientId { get; init; }

    /// <summary>How long a request, or one read of a body, may bring nothing before its connection is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes a second that a body must bring on average, once <see cref="StallTimeout"/> has passed; else its connection
    /// is given up.
    /// </summary>
    public long LeastRate { get; init; } = 2048;

    /// <summary>The longest time that reading one body, or one request, may take in all.</summary>
    public TimeSpan BodyDeadline { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How often the read of one blob is resumed on a new connection.</summary>
    public int MaxResumes { get; init; } = 8;

    /// <summary>How often one request is tried in all when the account is busy, failing or unreachable.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>The first wait between tries; doubles each time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait between tries; an account that asks for more is left alone until the work comes back.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(10);

    internal RetryPolicy Policy => new(MaxTries, FirstDelay, LongestDelay, StallTimeout);

    internal TimeLimits Limits => new(StallTimeout, LeastRate, BodyDeadline);

    /// <summary>The names the Functions host uses, <c>AzureWebJobsStorage</c> and <c>AzureWebJobsStorage__*</c>.</summary>
    /// <param name="read">Reads one variable; the process's environment by default.</param>
    /// <returns>Null where no storage account is named at all.</returns>
    /// <exception cref="PipelineException">Permanent: values that cannot be used; the message names all of them.</exception>
    public static AzureStorageOptions? FromEnvironment(Func<string, string?>? read = null)
    {
        var faults = new List<string>();
        var options = Read(read ?? Environment.GetEnvironmentVariable, faults);
        return faults.Count == 0 ? options : throw Invalid(string.Join(' ', faults));
    }

    /// <summary>The names the Functions host uses.</summary>
    /// <param name="read">Reads one variable.</param>
    /// <param name="faults">Gets a line for each value that cannot be used.</param>
    /// <returns>Null where no storage account is named at all.</returns>
    internal static AzureStorageOptions? Read(Func<string, string?> read, ICollection<string> faults)
    {
        string? Get(string name) => read(name) is { Length: > 0 } value ? value : null;
        Uri? GetUri(string name) => Get(name) is { } text ? WebAddress.Parse(text) ?? Fault<Uri>(name, text, "an http or https address") : null;
        T? Fault<T>(string name, string value, string right)
        {
            faults.Add($"{name} is {Shown.Quote(value)}. Write {right}, or leave it out.");
            return default;
        }

        var options = new AzureStorageOptions
        {
            ConnectionString = Get(Prefix),
            AccountName = Get(Prefix + "__accountName"),
            BlobServiceUri = GetUri(Prefix + "__blobServiceUri"),
            QueueServiceUri = GetUri(Prefix + "__queueServiceUri"),
            TableServiceUri = GetUri(Prefix + "__tableServiceUri"),
            ClientId = Get(Prefix + "__clientId"),
            Credential = Get(Prefix + "__credential")?.ToLowerInvariant() switch
            {
                null => AzureCredentialKind.Automatic,
                "managedidentity" => AzureCredentialKind.ManagedIdentity,
                "workloadidentity" => AzureCredentialKind.WorkloadIdentity,
                "azurecli" => AzureCredentialKind.AzureCli,
                var other => Fault<AzureCredentialKind>(Prefix + "__credential", other, "managedidentity, workloadidentity or azurecli"),
            },
        };
        return options is { ConnectionString: null, AccountName: null, BlobServiceUri: null, QueueServiceUri: null, TableServiceUri: null } ? null : options;
    }

    /// <summary>Leaves the secrets out.</summary>
    public override string ToString() =>
        ConnectionString is not null ? "a storage account by connection string" : $"the storage account {AccountName ?? BlobServiceUri?.Host}, signed in by {Credential}";

    /// <summary>The address of one of the three services.</summary>
    /// <param name="given">The address, where it is given.</param>
    /// <param name="service"><c>blob</c>, <c>queue</c> or <c>table</c>.</param>
    internal Uri Address(Uri? given, string service) => given
        ?? (AccountName is not null ? new Uri($"https://{AccountName}.{service}.core.windows.net") : null)
        ?? throw Invalid($"The storage account's {service} address is not known. Set {Prefix}, {Prefix}__accountName or {Prefix}__{service}ServiceUri.");

    private static PipelineException Invalid(string message) => PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
