using System.Reflection;

namespace Pipeline.Tests.Contracts;

/// <summary>What the suites of all ports share: opening an implementation over a place of the test's own, and opening it again after a crash.</summary>
/// <typeparam name="TPort">The port.</typeparam>
public abstract class PortContract<TPort> : IAsyncLifetime
    where TPort : class
{
    /// <summary>The implementation under test, over a place that is empty at first.</summary>
    protected TPort Port { get; private set; } = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Port = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public void TheSuiteTestsTheImplementationItNames() =>
        Assert.Equal(GetType().GetCustomAttribute<SuiteForAttribute>()?.Implementation, Port.GetType());

    /// <summary>Opens a fresh one.</summary>
    protected abstract Task<TPort> OpenAsync();

    /// <summary>Opens another one over the same place, as a new process would after this one crashed: nothing of the first is disposed or flushed before.</summary>
    protected abstract Task<TPort> ReopenAsync();

    /// <summary>As <see cref="ReopenAsync"/>, and the test goes on with the new one.</summary>
    protected async Task CrashAsync() => Port = await ReopenAsync();
}
