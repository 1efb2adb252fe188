using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Pipeline.Stores.Azure;

/// <summary>A storage account: the SDK's clients, all with the same credential and the same patience. They open no connection before they are used.</summary>
internal sealed class AzureAccount
{
    /// <param name="options">Which account.</param>
    /// <param name="credential">Who signs in where there is no connection string; null for whom the options say.</param>
    /// <exception cref="PipelineException">Permanent: the options name no account, or a connection string that is none.</exception>
    public AzureAccount(AzureStorageOptions options, TokenCredential? credential = null)
    {
        Options = options;
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
        return new(client, $"The blob container '{name}'", "Storage Blob Data Contributor", token => client.CreateIfNotExistsAsync(cancellationToken: token));
    }

    public AzureResource<QueueClient> Queue(string name)
    {
        var client = Queues.GetQueueClient(name);
        return new(client, $"The queue '{name}'", "Storage Queue Data Contributor", token => client.CreateIfNotExistsAsync(cancellationToken: token));
    }

    public AzureResource<TableClient> Table(string name)
    {
        var client = Tables.GetTableClient(name);
        return new(client, $"The table '{name}'", "Storage Table Data Contributor", token => client.CreateIfNotExistsAsync(token));
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

    private T Configure<T>(T client)
        where T : ClientOptions
    {
        client.RetryPolicy = new PatientRetry(Options);
        client.Retry.NetworkTimeout = Options.StallTimeout;
        client.Diagnostics.IsLoggingContentEnabled = false;
        return client;
    }
}
