using System.Runtime.ExceptionServices;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Host.Timers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Functions.Messages;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// The queue listener of the Functions host itself: its WebJobs SDK and queue extension in this process, with the
/// settings of the app's host.json. It receives, leases, retries, moves to the poison queue, and stops.
/// </summary>
internal sealed class QueueListener : IAsyncDisposable
{
    // The root that the Functions host gives to the content of host.json.
    private const string Root = "AzureFunctionsJobHost";

    private readonly IHost _jobs;
    private bool _isStarted;

    private QueueListener(IHost jobs) => _jobs = jobs;

    /// <summary>The settings that the extension works with.</summary>
    public QueuesOptions Options => _jobs.Services.GetRequiredService<IOptions<QueuesOptions>>().Value;

    /// <summary>The limit of an invocation.</summary>
    public TimeSpan FunctionTimeout =>
        _jobs.Services.GetRequiredService<IOptions<JobHostFunctionTimeoutOptions>>().Value.Timeout;

    /// <summary>Builds the listener.</summary>
    /// <param name="host">Invokes the functions.</param>
    /// <param name="account">The connection string of the storage account.</param>
    /// <param name="test">What the test changes.</param>
    public static QueueListener Build(FunctionsHost host, string account, ListenerOptions test)
    {
        var builder = new HostBuilder()
            .ConfigureAppConfiguration(settings => settings.AddInMemoryCollection(
                [
                    .. HostJson(test.Changes), .. Disabled(test.Functions), new(QueueTriggers.Account, account),
                    new("AzureWebJobsConfigurationSection", Root),
                ]))
            .ConfigureWebJobs(jobs => jobs.AddAzureStorageQueues())
            .ConfigureServices((context, services) => services
                .AddSingleton(host)
                .AddSingleton<ITypeLocator>(new OneType(typeof(QueueTriggers)))
                .AddSingleton<IWebJobsExceptionHandler>(new RestartAfterTimeout(test.OnTimeout))
                .Configure<JobHostFunctionTimeoutOptions>(timeout =>
                {
                    timeout.Timeout = context.Configuration.GetValue<TimeSpan>($"{Root}:functionTimeout");
                    timeout.ThrowOnTimeout = true;
                }));
        return new(builder.Build());
    }

    public async Task StartAsync()
    {
        await _jobs.StartAsync(TestContext.Current.CancellationToken);
        _isStarted = true;
    }

    /// <summary>Stops as the host does at SIGTERM: cancels what runs and waits for it.</summary>
    public async Task StopAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        if (_isStarted)
            await _jobs.StopAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _jobs.Dispose();
    }

    private static IEnumerable<KeyValuePair<string, string?>> HostJson(IReadOnlyDictionary<string, string> changes)
    {
        var folder = Path.GetDirectoryName(typeof(MessageRunner).Assembly.Location)!;
        var settings = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(folder, "host.json"))
            .AddInMemoryCollection(changes.Select(change => KeyValuePair.Create(change.Key, (string?)change.Value)))
            .Build();
        return settings.AsEnumerable().Select(s => KeyValuePair.Create($"{Root}:{s.Key}", s.Value));
    }

    private static IEnumerable<KeyValuePair<string, string?>> Disabled(IReadOnlyList<string> enabled) =>
        enabled.Count == 0
            ? []
            : QueueTriggers.All.Keys.Except(enabled)
                .Select(function => KeyValuePair.Create($"AzureWebJobs.{function}.Disabled", (string?)"true"));

    private sealed class OneType(Type type) : ITypeLocator
    {
        public IReadOnlyList<Type> GetTypes() => [type];
    }

    /// <summary>Replaces the worker when an invocation takes too long.</summary>
    private sealed class RestartAfterTimeout(Func<Task> restartAsync) : IWebJobsExceptionHandler
    {
        public Task OnTimeoutExceptionAsync(ExceptionDispatchInfo exceptionInfo, TimeSpan timeoutGracePeriod) =>
            restartAsync();

        public Task OnUnhandledExceptionAsync(ExceptionDispatchInfo exceptionInfo)
        {
            exceptionInfo.Throw();
            return Task.CompletedTask;
        }
    }
}

/// <summary>What a test changes about the listener.</summary>
internal sealed record ListenerOptions
{
    /// <summary>The functions that run; all if there are none. The app's setting disables the others.</summary>
    public IReadOnlyList<string> Functions { get; init; } = [];

    /// <summary>
    /// Settings in place of those in host.json. Tests poll more often by default, which only saves them time.
    /// </summary>
    public IReadOnlyDictionary<string, string> Changes { get; init; } =
        new Dictionary<string, string> { ["extensions:queues:maxPollingInterval"] = "00:00:00.1500000" };

    /// <summary>A proxy in place of the queue service; null for none.</summary>
    public Uri? Queues { get; init; }

    /// <summary>Called when an invocation reaches <c>functionTimeout</c>.</summary>
    public Func<Task> OnTimeout { get; init; } = () => Task.CompletedTask;

    /// <summary>Changes one more setting of host.json.</summary>
    public ListenerOptions With(string setting, string value) =>
        this with { Changes = new Dictionary<string, string>(Changes) { [setting] = value } };
}
