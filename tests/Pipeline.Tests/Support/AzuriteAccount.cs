using System.Globalization;
using Pipeline.Stores.Azure;

namespace Pipeline.Tests.Support;

/// <summary>A storage account of the shared Azurite.</summary>
public sealed class AzuriteAccount(ServerProcess azurite, int number)
{
    /// <summary>Number of accounts. Each test takes one; further tests fail.</summary>
    public const int Accounts = 1000;

    /// <summary>The key of every account.</summary>
    public const string Key = "cGlwZWxpbmUtdGVzdHM=";

    public Uri Blobs => azurite.AddressOf(0);

    public Uri Queues => azurite.AddressOf(1);

    public Uri Tables => azurite.AddressOf(2);

    public static string NameOf(int number) => "test" + number.ToString("D4", CultureInfo.InvariantCulture);

    /// <summary>The connection string; a test may put a proxy in place of a service.</summary>
    public string ConnectionString(Uri? blobs = null, Uri? queues = null, Uri? tables = null)
    {
        Assert.InRange(number, 0, Accounts - 1);
        var name = NameOf(number);
        return $"DefaultEndpointsProtocol=http;AccountName={name};AccountKey={Key};BlobEndpoint={blobs ?? Blobs}{name};"
            + $"QueueEndpoint={queues ?? Queues}{name};TableEndpoint={tables ?? Tables}{name};";
    }

    /// <summary>The account as the pipeline sees it.</summary>
    internal AzureAccount Open(
        Uri? blobs = null, Uri? queues = null, Uri? tables = null,
        Func<AzureStorageOptions, AzureStorageOptions>? change = null)
    {
        var options = new AzureStorageOptions
        {
            ConnectionString = ConnectionString(blobs, queues, tables),
            FirstDelay = TimeSpan.FromMilliseconds(10),
            LongestDelay = TimeSpan.FromMilliseconds(50),
        };
        return new(change?.Invoke(options) ?? options);
    }
}
