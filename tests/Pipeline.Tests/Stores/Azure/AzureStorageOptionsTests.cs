using Azure.Identity;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Stores.Azure.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

public sealed class AzureStorageOptionsTests
{
    private const string Connection =
        $"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={AzuriteAccount.Key};"
            + "EndpointSuffix=core.windows.net";

    [Fact]
    public void WithoutAnAccountThereAreNoOptions() => Assert.Null(AzureStorageOptions.FromEnvironment(_ => null));

    [Fact]
    public void TheVariablesOfTheFunctionsHostAreRead()
    {
        var options = Read(new()
        {
            ["AzureWebJobsStorage__accountName"] = "acct",
            ["AzureWebJobsStorage__queueServiceUri"] = "https://queues.example/",
            ["AzureWebJobsStorage__credential"] = "managedidentity",
            ["AzureWebJobsStorage__clientId"] = "id",
        })!;
        var account = new AzureAccount(options);

        Assert.Equal("https://acct.blob.core.windows.net/", account.Blobs.Uri.AbsoluteUri);
        Assert.Equal("https://queues.example/", account.Queues.Uri.AbsoluteUri);
        Assert.Equal("https://acct.table.core.windows.net/", account.Tables.Uri.AbsoluteUri);
        Assert.IsType<ManagedIdentityCredential>(account.Credential);
        Assert.Equal("the storage account acct, signed in by ManagedIdentity", options.ToString());
    }

    [Fact]
    public void ThePipelinesOwnAccountGoesBeforeTheHosts()
    {
        var options = Read(new()
        {
            ["AzureWebJobsStorage__accountName"] = "host",
            ["AzureWebJobsStorage__credential"] = "azurecli",
            ["PipelineStorage__accountName"] = "own",
            ["PipelineStorage__credential"] = "managedidentity",
        })!;

        Assert.Equal("the storage account own, signed in by ManagedIdentity", options.ToString());
    }

    [Theory]
    [InlineData(AzureCredentialKind.Automatic, typeof(ChainedTokenCredential))]
    [InlineData(AzureCredentialKind.ManagedIdentity, typeof(ManagedIdentityCredential))]
    [InlineData(AzureCredentialKind.WorkloadIdentity, typeof(WorkloadIdentityCredential))]
    [InlineData(AzureCredentialKind.AzureCli, typeof(AzureCliCredential))]
    public void TheOptionsChooseTheCredential(AzureCredentialKind kind, Type credential) =>
        Assert.IsType(credential, AzureAccount.CreateCredential(new() { AccountName = "acct", Credential = kind }));

    [Theory]
    [InlineData(
        "AzureWebJobsStorage__blobServiceUri", "ftp://x",
        "AzureWebJobsStorage__blobServiceUri is 'ftp://x'. Write an http or https address, or leave it out.")]
    [InlineData(
        "AzureWebJobsStorage__credential", "me",
        "AzureWebJobsStorage__credential is 'me'. Write managedidentity, workloadidentity or "
            + "azurecli, or leave it out.")]
    public void AnInvalidVariableIsRefused(string name, string value, string message)
    {
        var error = Assert.Throws<PipelineException>(() => Read(new() { [name] = value }));
        Assert.Equal((FailureReasons.InvalidConfiguration, message), (error.Reason, error.Message));
    }

    [Fact]
    public void AnAccountWithAMissingAddressIsRefused()
    {
        var error = Assert.Throws<PipelineException>(
            () => new AzureAccount(new() { BlobServiceUri = new("https://blobs.example/") }));
        Assert.Equal(
            "The storage account's queue address is missing. Set AzureWebJobsStorage, AzureWebJobsStorage__accountName "
                + "or AzureWebJobsStorage__queueServiceUri.",
            error.Message);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("AccountName=acct;AccountKey=not-base64;EndpointSuffix=core.windows.net")]
    public void ABrokenConnectionStringIsRefusedWithoutBeingQuoted(string text)
    {
        var error = Assert.Throws<PipelineException>(() => new AzureAccount(new() { ConnectionString = text }));
        Assert.StartsWith(
            "AzureWebJobsStorage is not a storage connection string.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(text, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AccountName=acct1;AccountKey=c2VjcmV0", "the storage account acct1")]
    [InlineData("AccountName=c2VjcmV0/+==;AccountKey=acct1", "a storage account by connection string")]
    [InlineData("AccountKey=c2VjcmV0", "a storage account by connection string")]
    [InlineData(
        "BlobEndpoint=https://acct1.blob.core.windows.net/;SharedAccessSignature=sig=c2VjcmV0",
        "the storage account acct1.blob.core.windows.net")]
    [InlineData("UseDevelopmentStorage=true", "the storage emulator of this machine (UseDevelopmentStorage)")]
    [InlineData(
        "accountname=devstoreaccount1;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1",
        "the storage emulator at 127.0.0.1:10000")]
    public void TheTextOfTheOptionsNamesTheAccountAndNoKey(string connection, string expected) =>
        Assert.Equal(expected, new AzureStorageOptions { ConnectionString = connection }.ToString());

    [Fact]
    public void TheRegisteredStoresCanBeResolved()
    {
        using var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System)
            .AddAzureStores(new() { ConnectionString = Connection })
                .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });

        Assert.IsType<StorageWorkQueue>(services.GetRequiredService<IWorkQueue>());
        Assert.IsType<TableLedger>(services.GetRequiredService<ILedger>());
        Assert.IsType<AzureRecordStore>(services.GetRequiredService<IRecordStore>());
        Assert.IsType<AzureBlobStore>(Assert.Single(services.GetServices<IObjectStore>()));
        Assert.NotNull(services.GetRequiredService<StorageQueueReceiver>());
    }

    private static AzureStorageOptions? Read(Dictionary<string, string> variables) =>
        AzureStorageOptions.FromEnvironment(variables.GetValueOrDefault);
}
