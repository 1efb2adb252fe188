using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Pipeline.Http.Limits;
using Pipeline.Model;

namespace Pipeline.Stores.Azure;

/// <summary>A storage account: the SDK's clients, all with the same credential and the same patience. They open no connection before they are used.</summary>
internal sealed class AzureAccount : IDisposable
{
    private readonly HttpClientTransport _transport;

    /// <param name="options">Which account.</param>
    /// <param name="credential">Who signs in where there is no connection string; null for whom the options say.</param>
    /// <param name="time">The clock of its time-outs.</param>
    /// <exception cref="PipelineException">Permanent: the options name no account, or a connection string that is none.</exception>
    public AzureAccount(AzureStorageOptions options, TokenCredential? credential = null, TimeProvider? time = null)
    {
        Options = options;
        var handler = new TimeLimitHandler(ObjectHttp.CreateHandler(), options.Limits, time ?? TimeProvider.System);
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
                // The SDK's own message may quote the string, which holds the key.
                throw PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration, "AzureWebJobsStorage is not a storage connection string. Copy it from the account's access keys, or set AzureWebJobsStorage__accountName.");
            }
            return;
        }
        Credential = credential ?? CreateCredential(options);
        Blobs = new(options.Address(options.BlobServiceUri, "blob"), Credential, Configure(new BlobClientOptions()));
        Queues = new(options.Address(options.QueueServiceUri, "queue"), Credential, Configure(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None }));
        Tables = new(options.Address(options.TableServiceUri, "table"), Credential, Configure(new TableClientOptions()));
    }

    public AzureStorageOptions Options { get; }

    /// <summary>Who signs in; null where a connection string does.</summary>
    public TokenCredential? Credential { get; }

    public BlobServiceClient Blobs { get; }

    public QueueServiceClient Queues { get; }

    public TableServiceClient Tables { get; }

    public AzureResource<BlobContainerClient> Container(string name)
    {
        var client = Blobs.GetBlobContainerClient(name);
        return new(client, $"The blob container '{name}'", Access("Storage Blob Data Contributor"), token => client.CreateIfNotExistsAsync(cancellationToken: token));
    }

    public AzureResource<QueueClient> Queue(string name)
    {
        var client = Queues.GetQueueClient(name);
        return new(client, $"The queue '{name}'", Access("Storage Queue Data Contributor"), token => client.CreateIfNotExistsAsync(cancellationToken: token));
    }

    public AzureResource<TableClient> Table(string name)
    {
        var client = Tables.GetTableClient(name);
        return new(client, $"The table '{name}'", Access("Storage Table Data Contributor"), token => client.CreateIfNotExistsAsync(token));
    }

    /// <summary>Chosen and few: a chain that tries everything finds, one day, an identity that nobody meant.</summary>
    internal static TokenCredential CreateCredential(AzureStorageOptions options)
    {
        var managed = options.ClientId is { } id ? ManagedIdentityId.FromUserAssignedClientId(id) : ManagedIdentityId.SystemAssigned;
        return options.Credential switch
        {
            AzureCredentialKind.ManagedIdentity => new ManagedIdentityCredential(managed),
            AzureCredentialKind.WorkloadIdentity => new WorkloadIdentityCredential(),
            AzureCredentialKind.AzureCli => new AzureCliCredential(),
            _ when Environment.GetEnvironmentVariable("AZURE_FEDERATED_TOKEN_FILE") is { Length: > 0 } => new WorkloadIdentityCredential(),
            _ => new ChainedTokenCredential(new ManagedIdentityCredential(managed), new AzureCliCredential()),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>By what right this process uses something that needs a role of an identity.</summary>
    internal AzureAccess Access(string role) => AzureAccess.Of(Options.ConnectionString, role);

    private T Configure<T>(T client)
        where T : ClientOptions
    {
        client.Transport = _transport;
        client.RetryPolicy = new PatientRetry(Options);
        // The transport has limits of its own, which do not cut a slow upload short.
        client.Retry.NetworkTimeout = Options.BodyDeadline;
        client.Diagnostics.IsLoggingContentEnabled = false;
        return client;
    }
}
