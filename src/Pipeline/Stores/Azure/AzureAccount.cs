using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Pipeline.Http.Limits;
using Pipeline.Model;

namespace Pipeline.Stores.Azure;

/// <summary>
/// A storage account: SDK clients that share a credential, retries and time limits. No connection is opened before the
/// first use.
/// </summary>
internal sealed class AzureAccount : IDisposable
{
    private readonly HttpClientTransport _transport;
    private readonly TimeProvider _time;

    /// <param name="options">The account and how to sign in.</param>
    /// <param name="credential">
    /// The credential to use without a connection string; null for the one the options name.
    /// </param>
    /// <param name="time">The clock for timeouts and bounds of listings.</param>
    /// <exception cref="PipelineException">
    /// Permanent: no account is named, or the connection string is malformed.
    /// </exception>
    public AzureAccount(AzureStorageOptions options, TokenCredential? credential = null, TimeProvider? time = null)
    {
        Options = options;
        _time = time ?? TimeProvider.System;
        var handler = new TimeLimitHandler(ObjectHttp.CreateHandler("azure"), options.Limits, _time);
        _transport = new(new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan });
        if (options.ConnectionString is { } text)
        {
            try
            {
                Blobs = new(text, Configure(new BlobClientOptions()));
                Queues = new(text, Configure(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None }));
                Tables = new(text, Configure(new TableClientOptions()));
            }
            catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
            {
                // The SDK's message may quote the connection string, which contains the key.
                throw PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration,
                    $"{options.Setting} is not a storage connection string. Copy it from the account's access keys, "
                        + $"or set {options.Setting}__accountName.");
            }
            return;
        }
        Credential = credential ?? CreateCredential(options);
        Blobs = new(options.Address(options.BlobServiceUri, "blob"), Credential, Configure(new BlobClientOptions()));
        Queues = new(
            options.Address(options.QueueServiceUri, "queue"), Credential,
            Configure(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None }));
        Tables = new(
            options.Address(options.TableServiceUri, "table"), Credential, Configure(new TableClientOptions()));
    }

    public AzureStorageOptions Options { get; }

    /// <summary>The credential; null if a connection string is used.</summary>
    public TokenCredential? Credential { get; }

    public BlobServiceClient Blobs { get; }

    public QueueServiceClient Queues { get; }

    public TableServiceClient Tables { get; }

    public AzureResource<BlobContainerClient> Container(string name)
    {
        var client = Blobs.GetBlobContainerClient(name);
        return new(
            client, $"The blob container '{name}'", Access("Storage Blob Data Contributor"),
            token => client.CreateIfNotExistsAsync(cancellationToken: token), time: _time);
    }

    public AzureResource<QueueClient> Queue(string name)
    {
        var client = Queues.GetQueueClient(name);
        return new(
            client, $"The queue '{name}'", Access("Storage Queue Data Contributor"),
            token => client.CreateIfNotExistsAsync(cancellationToken: token), time: _time);
    }

    public AzureResource<TableClient> Table(string name)
    {
        var client = Tables.GetTableClient(name);
        return new(
            client, $"The table '{name}'", Access("Storage Table Data Contributor"),
            token => client.CreateIfNotExistsAsync(token), time: _time);
    }

    /// <summary>
    /// Creates the credential. Tries few kinds, because a chain that tries everything may find an unintended identity.
    /// </summary>
    internal static TokenCredential CreateCredential(AzureStorageOptions options)
    {
        var managed = options.ClientId is { } id
            ? ManagedIdentityId.FromUserAssignedClientId(id)
            : ManagedIdentityId.SystemAssigned;
        return options.Credential switch
        {
            AzureCredentialKind.ManagedIdentity => new ManagedIdentityCredential(managed),
            AzureCredentialKind.WorkloadIdentity => new WorkloadIdentityCredential(),
            AzureCredentialKind.AzureCli => new AzureCliCredential(),
            _ when Environment.GetEnvironmentVariable("AZURE_FEDERATED_TOKEN_FILE") is { Length: > 0 } =>
                new WorkloadIdentityCredential(),
            _ => new ChainedTokenCredential(new ManagedIdentityCredential(managed), new AzureCliCredential()),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>Returns this process's access to a resource for which an identity needs the role.</summary>
    internal AzureAccess Access(string role) => AzureAccess.Of(Options.ConnectionString, role);

    private T Configure<T>(T client)
        where T : ClientOptions
    {
        client.Transport = _transport;
        client.RetryPolicy = new PatientRetry(Options);
        // The transport has its own limits, which do not interrupt a slow upload.
        client.Retry.NetworkTimeout = Options.BodyDeadline;
        client.Diagnostics.IsLoggingContentEnabled = false;
        // Its spans would hold whole addresses. TracedHandler creates ours.
        client.Diagnostics.IsDistributedTracingEnabled = false;
        return client;
    }
}
