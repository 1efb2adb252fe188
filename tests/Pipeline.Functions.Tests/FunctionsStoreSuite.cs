using Pipeline.Functions.Tests.Host;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>Tests of functions that hold over every store.</summary>
/// <param name="azure">Provides storage accounts; null for SQLite and files.</param>
public abstract class FunctionsStoreSuite(Servers? azure)
{
    private protected async Task<FunctionsApp> StartAsync(params (string Name, string Value)[] settings) =>
        await FunctionsApp.StartAsync(new()
        {
            Azure = azure is null ? null : await azure.AzureAsync(),
            Settings = settings,
        });
}
