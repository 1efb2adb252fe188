using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Tests of whole runs, the same for every kind of store.</summary>
/// <param name="azure">Where storage accounts come from; null for SQLite and files.</param>
public abstract class StoreSuite(Servers? azure)
{
    private protected async Task<Rig> StartAsync(
        string faults = "", bool allowPrivate = false, TimeProvider? time = null) =>
        await Rig.StartAsync(faults, azure is null ? null : await azure.AzureAsync(), allowPrivate, time);

    /// <summary>Creates another storage account, in a suite over Azure.</summary>
    private protected async Task<AzuriteAccount> CreateAccountAsync() => await azure!.AzureAsync();
}
