using Microsoft.Extensions.DependencyInjection;
using Pipeline.Hosting;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Contracts;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores;

public sealed class LocalReadingSuite : ReadingContract
{
    private readonly LocalState _state = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _state.DisposeAsync();
    }

    private protected override async Task<IServiceCollection> OpenAsync() => new ServiceCollection()
        .AddSingleton(TimeProvider.System)
        .AddLocalStores(await _state.OpenAsync());
}

[Trait("Needs", "servers")]
public sealed class AzureReadingSuite(Servers servers) : ReadingContract
{
    private protected override async Task<IServiceCollection> OpenAsync() => new ServiceCollection()
        .AddSingleton(TimeProvider.System)
        .AddAzureStores(new AzureStorageOptions { ConnectionString = (await servers.AzureAsync()).ConnectionString() });
}
