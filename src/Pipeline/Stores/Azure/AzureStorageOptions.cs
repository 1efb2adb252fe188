using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Stores.Azure;

/// <summary>The identity that signs in when there is no connection string.</summary>
public enum AzureCredentialKind
{
    /// <summary>
    /// The Kubernetes workload identity if its token file is configured; otherwise the host's managed identity, or the
    /// user of the Azure CLI.
    /// </summary>
    Automatic,

    /// <summary>Only the host's managed identity.</summary>
    ManagedIdentity,

    /// <summary>Only the Kubernetes workload identity.</summary>
    WorkloadIdentity,

    /// <summary>Only the user signed in to the Azure CLI.</summary>
    AzureCli,
}

/// <summary>
/// The storage account and the credential. <see cref="FromEnvironment"/> reads the variables that the Functions host
/// uses.
/// </summary>
public sealed record AzureStorageOptions : StoreLimits
{
    /// <summary>
    /// The connection of the Functions app's queues: an account of the pipeline's own, beside the host's.
    /// </summary>
    internal const string Connection = "PipelineStorage";

    private const string HostConnection = "AzureWebJobsStorage";

    /// <summary>Creates options that wait for at most 10 s between two attempts.</summary>
    public AzureStorageOptions() => LongestDelay = TimeSpan.FromSeconds(10);

    /// <summary>The variable that names the account, for error messages.</summary>
    internal string Setting { get; init; } = HostConnection;

    /// <summary>
    /// A connection string with a key or a shared access signature (<c>AzureWebJobsStorage</c>); null to sign in with
    /// an identity. Never logged.
    /// </summary>
    public string? ConnectionString { get; init; }

    /// <summary>
    /// The account's name in the public cloud (<c>AzureWebJobsStorage__accountName</c>). The service addresses derive
    /// from it unless they are set.
    /// </summary>
    public string? AccountName { get; init; }

    /// <summary>The address of the blob service (<c>AzureWebJobsStorage__blobServiceUri</c>).</summary>
    public Uri? BlobServiceUri { get; init; }

    /// <summary>The address of the queue service (<c>AzureWebJobsStorage__queueServiceUri</c>).</summary>
    public Uri? QueueServiceUri { get; init; }

    /// <summary>The address of the table service (<c>AzureWebJobsStorage__tableServiceUri</c>).</summary>
    public Uri? TableServiceUri { get; init; }

    /// <summary>
    /// The identity that signs in (<c>AzureWebJobsStorage__credential</c>: <c>managedidentity</c>,
    /// <c>workloadidentity</c>, <c>azurecli</c>).
    /// </summary>
    public AzureCredentialKind Credential { get; init; }

    /// <summary>
    /// The client id of a user-assigned managed identity (<c>AzureWebJobsStorage__clientId</c>); null for the
    /// system-assigned one.
    /// </summary>
    public string? ClientId { get; init; }

    /// <summary>
    /// Reads the variables that the Functions host uses: <c>AzureWebJobsStorage</c> and <c>AzureWebJobsStorage__*</c>.
    /// If variables of the same form are set that begin with <c>PipelineStorage</c>, they name the account instead.
    /// </summary>
    /// <param name="read">Reads one variable; by default from the process's environment.</param>
    /// <returns>The options; null if no storage account is named.</returns>
    /// <exception cref="PipelineException">Permanent: invalid values. The message names all of them.</exception>
    public static AzureStorageOptions? FromEnvironment(Func<string, string?>? read = null)
    {
        var faults = new List<string>();
        var options = Read(read ?? Environment.GetEnvironmentVariable, faults);
        return faults.Count == 0 ? options : throw Invalid(string.Join(' ', faults));
    }

    /// <summary>Reads the variables that the Functions host uses.</summary>
    /// <param name="read">Reads one variable.</param>
    /// <param name="faults">Receives a line for each invalid value.</param>
    /// <returns>The options; null if no storage account is named.</returns>
    internal static AzureStorageOptions? Read(Func<string, string?> read, ICollection<string> faults)
    {
        string? Get(string name) => read(name) is { Length: > 0 } value ? value : null;
        Uri? GetUri(string name) =>
            Get(name) is { } text ? WebAddress.Parse(text) ?? Fault<Uri>(name, text, "an http or https address") : null;
        T? Fault<T>(string name, string value, string right)
        {
            faults.Add($"{name} is {DisplayText.Quote(value)}. Write {right}, or leave it out.");
            return default;
        }

        return ReadOf(Connection) ?? ReadOf(HostConnection);

        AzureStorageOptions? ReadOf(string prefix)
        {
            var options = new AzureStorageOptions
            {
                Setting = prefix,
                ConnectionString = Get(prefix),
                AccountName = Get(prefix + "__accountName"),
                BlobServiceUri = GetUri(prefix + "__blobServiceUri"),
                QueueServiceUri = GetUri(prefix + "__queueServiceUri"),
                TableServiceUri = GetUri(prefix + "__tableServiceUri"),
                ClientId = Get(prefix + "__clientId"),
                Credential = Get(prefix + "__credential")?.ToLowerInvariant() switch
                {
                    null => AzureCredentialKind.Automatic,
                    "managedidentity" => AzureCredentialKind.ManagedIdentity,
                    "workloadidentity" => AzureCredentialKind.WorkloadIdentity,
                    "azurecli" => AzureCredentialKind.AzureCli,
                    var other =>
                        Fault<AzureCredentialKind>(
                            prefix + "__credential", other, "managedidentity, workloadidentity or azurecli"),
                },
            };
            return options is { ConnectionString: null, AccountName: null, BlobServiceUri: null, QueueServiceUri: null,
                TableServiceUri: null }
                ? null
                : options;
        }
    }

    /// <summary>Describes the account without secrets.</summary>
    public override string ToString() => ConnectionString is { } text
        ? ConnectionName.Of(text)
        : $"the storage account {AccountName ?? BlobServiceUri?.Host}, signed in by {Credential}";

    /// <summary>Returns the address of one of the three services.</summary>
    /// <param name="given">The configured address, if any.</param>
    /// <param name="service"><c>blob</c>, <c>queue</c> or <c>table</c>.</param>
    internal Uri Address(Uri? given, string service)
    {
        if (given is not null)
            return given;
        if (AccountName is null)
            throw Invalid(
                $"The storage account's {service} address is missing. Set {Setting}, {Setting}__accountName or "
                    + $"{Setting}__{service}ServiceUri.");
        return Uri.TryCreate($"https://{AccountName}.{service}.core.windows.net", UriKind.Absolute, out var address)
            ? address
            : throw Invalid(
                $"{Setting}__accountName is {DisplayText.Quote(AccountName)}. Write only the account's name, 3 to 24 "
                    + "lowercase letters and digits.");
    }

    private static PipelineException Invalid(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
