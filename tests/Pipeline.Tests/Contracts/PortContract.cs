using System.Reflection;

namespace Pipeline.Tests.Contracts;

/// <summary>
/// Base of the suites of all ports: it opens an implementation on storage of the test's own and reopens it after a
/// crash.
/// </summary>
/// <typeparam name="TPort">The port.</typeparam>
public abstract class PortContract<TPort> : IAsyncLifetime
    where TPort : class
{
    /// <summary>The implementation under test, on storage that starts empty.</summary>
    protected TPort Port { get; private set; } = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Port = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public void TheSuiteTestsTheImplementationItNames() =>
        Assert.Equal(GetType().GetCustomAttribute<SuiteForAttribute>()?.Implementation, Port.GetType());

    /// <summary>Opens the implementation on empty storage.</summary>
    protected abstract Task<TPort> OpenAsync();

    /// <summary>
    /// Opens a second instance on the same storage, as a new process would after a crash: the first one is neither
    /// disposed nor flushed.
    /// </summary>
    protected abstract Task<TPort> ReopenAsync();

    /// <summary>Simulates a crash: the test continues with the instance from <see cref="ReopenAsync"/>.</summary>
    protected async Task CrashAsync() => Port = await ReopenAsync();
}
