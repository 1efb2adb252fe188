using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.WebJobs;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Functions.Tests.Host.Protocol;
using Status = Pipeline.Functions.Tests.Host.Protocol.StatusResult.Types.Status;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// Acts as the Functions host for a worker: it asks for the functions, loads them and invokes them over the worker
/// protocol. <see cref="QueueListener"/> brings the queue messages and <see cref="HttpFront"/> the requests.
/// </summary>
internal sealed class FunctionsHost : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromMinutes(2);

    private readonly WorkerConnection _workers = new();
    private readonly ConcurrentQueue<Delivery> _deliveries = new();
    private readonly WebApplication _app;
    private TaskCompletionSource<LoadedWorker> _loaded = New();
    private int _invocations;

    private FunctionsHost()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = 100 * 1024 * 1024;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton(_workers);
        builder.Services.AddSingleton(this);
        builder.Services.AddSingleton<HttpFront>();
        _app = builder.Build();
        _app.UseRouting();
        _app.MapGrpcService<WorkerConnection>();
        // Without a pattern, a fallback passes over paths that end like a file name.
        _app.MapFallback("{**path}", _app.Services.GetRequiredService<HttpFront>().AnswerAsync);
    }

    /// <summary>The address to which the worker connects.</summary>
    public Uri WorkerEndpoint => new(Addresses[0]);

    /// <summary>The public address of the HTTP functions.</summary>
    public Uri PublicAddress => new(Addresses[1]);

    /// <summary>The bindings of each function by name, as the worker reported them.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<JsonElement>> Bindings => Worker.Functions.ToDictionary(
        f => f.Key, f => (IReadOnlyList<JsonElement>)[.. f.Value.RawBindings.Select(b => JsonElement.Parse(b))]);

    /// <summary>The capabilities that the worker reported.</summary>
    public IReadOnlyDictionary<string, string> Capabilities => Worker.Capabilities;

    /// <summary>The worker's own server.</summary>
    public Uri WorkerHttp => new(Capabilities["HttpUri"]);

    /// <summary>The worker's log, as far as it names an invocation.</summary>
    public IEnumerable<string> Logs => _workers.Logs;

    /// <summary>The lines of the worker's log that name no invocation, which the host drops.</summary>
    public IEnumerable<string> DroppedLogs => _workers.Dropped;

    /// <summary>The queue messages whose invocation has ended.</summary>
    public IEnumerable<Delivery> Deliveries => _deliveries;

    /// <summary>Number of workers that were loaded, one after the other.</summary>
    public int Workers { get; private set; }

    private LoadedWorker Worker => _loaded.Task.IsCompletedSuccessfully
        ? _loaded.Task.Result
        : throw new InvalidOperationException("No worker is loaded.");

    private string[] Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    public static async Task<FunctionsHost> StartAsync()
    {
        var host = new FunctionsHost();
        await host._app.StartAsync();
        return host;
    }

    /// <summary>Waits for a line in the worker's log that contains all of the texts.</summary>
    public Task WaitForLogAsync(params string[] texts) =>
        WaitAsync(() => Logs.FirstOrDefault(line => texts.All(text => line.Contains(text, StringComparison.Ordinal))));

    /// <summary>Waits until the invocation of a queue message has ended.</summary>
    public Task<Delivery> WaitForDeliveryAsync(Func<Delivery, bool> isMeant) =>
        WaitAsync(() => _deliveries.FirstOrDefault(isMeant));

    /// <summary>Waits until something is so.</summary>
    public Task WaitUntilAsync(Func<bool> isSo) => WaitAsync(() => isSo() ? this : null);

    /// <summary>Initializes the next worker that connects and loads its functions.</summary>
    public async Task LoadAsync(string folder)
    {
        var stream = await _workers.NextAsync();
        var capabilities = await InitializeAsync(stream, folder);
        var metadata = (
            await stream.AskAsync(
                new() { FunctionsMetadataRequest = new() { FunctionAppDirectory = folder } })).FunctionMetadataResponse;
        Assert.True(metadata.Result.Status == Status.Success, metadata.Result.Exception?.Message);
        foreach (var function in metadata.FunctionMetadataResults)
        {
            function.Directory = folder;
            var loaded = (
                await stream.AskAsync(
                    new()
                    {
                        FunctionLoadRequest = new() { FunctionId = function.FunctionId, Metadata = function },
                    })).FunctionLoadResponse;
            Assert.True(
                loaded.Result.Status == Status.Success, $"{function.Name}: {loaded.Result.Exception?.Message}");
        }
        Workers++;
        _loaded.SetResult(
            new(stream, capabilities, metadata.FunctionMetadataResults.ToDictionary(function => function.Name)));
    }

    /// <summary>Lets invocations wait for the next worker.</summary>
    public void ForgetWorker() => _loaded = New();

    /// <summary>Invokes a function with a message that the queue extension received.</summary>
    /// <exception cref="InvalidOperationException">The invocation failed, so the message is not done.</exception>
    public async Task DeliverAsync(string function, ParameterBindingData message, CancellationToken stopping)
    {
        var worker = await _loaded.Task.WaitAsync(WaitLimit, stopping);
        var data = new ModelBindingData
        {
            Version = message.Version,
            Source = message.Source,
            ContentType = message.ContentType,
            Content = ByteString.CopyFrom(message.Content),
        };
        Status? status = null;
        try
        {
            status = (await InvokeAsync(
                worker, Request(worker, function, new() { ModelBindingData = data }), stopping)).Status;
        }
        finally
        {
            _deliveries.Enqueue(new(function, JsonElement.Parse(message.Content), status));
        }
        if (status != Status.Success)
            throw new InvalidOperationException($"The invocation of {function} ended as {status}.");
    }

    /// <summary>Invokes a function with a timer trigger.</summary>
    /// <param name="function">Name of the function.</param>
    /// <param name="stopping">Makes the host cancel the invocation.</param>
    public Task<StatusResult> InvokeTimerAsync(string function, CancellationToken stopping) =>
        InvokeAsync(
            Request(
                function,
                new() { Json = """{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}""" }),
            stopping);

    /// <summary>Invokes a function.</summary>
    /// <param name="request">What to invoke.</param>
    /// <param name="stopping">Makes the host cancel the invocation.</param>
    public Task<StatusResult> InvokeAsync(InvocationRequest request, CancellationToken stopping) =>
        InvokeAsync(Worker, request, stopping);

    /// <summary>Creates the request that invokes a function.</summary>
    public InvocationRequest Request(string function, TypedData? trigger) => Request(Worker, function, trigger);

    public async ValueTask DisposeAsync()
    {
        if (_loaded.Task.IsCompletedSuccessfully)
            _loaded.Task.Result.Stream.Close();
        await _app.DisposeAsync();
    }

    private static TaskCompletionSource<LoadedWorker> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task<IReadOnlyDictionary<string, string>> InitializeAsync(WorkerStream stream, string folder)
    {
        var init = (
            await stream.AskAsync(
                new()
                {
                    WorkerInitRequest = new()
                    {
                        HostVersion = "4.1000.0",
                        WorkerDirectory = folder,
                        FunctionAppDirectory = folder,
                    },
                })).WorkerInitResponse;
        Assert.Equal(Status.Success, init.Result.Status);
        return init.Capabilities;
    }

    private static async Task<T> WaitAsync<T>(Func<T?> find)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(WaitLimit);
        while (true)
        {
            if (find() is { } found)
                return found;
            await Task.Delay(10, limit.Token);
        }
    }

    private static async Task<StatusResult> InvokeAsync(
        LoadedWorker worker, InvocationRequest request, CancellationToken stopping)
    {
        var answer = worker.Stream.AskAsync(new() { InvocationRequest = request });
        using var stop = stopping.Register(() => worker.Stream.Send(
            new() { InvocationCancel = new() { InvocationId = request.InvocationId } }));
        return (await answer).InvocationResponse.Result;
    }

    private InvocationRequest Request(LoadedWorker worker, string function, TypedData? trigger)
    {
        var metadata = worker.Functions[function];
        var request = new InvocationRequest
        {
            InvocationId = $"invocation-{Interlocked.Increment(ref _invocations)}",
            FunctionId = metadata.FunctionId,
            TraceContext = new() { TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
        };
        if (trigger is not null)
            request.InputData.Add(
                new ParameterBinding
                {
                    Name = JsonElement.Parse(metadata.RawBindings[0]).GetProperty("name").GetString(),
                    Data = trigger,
                });
        return request;
    }

    /// <summary>A worker whose functions are loaded.</summary>
    private sealed record LoadedWorker(
        WorkerStream Stream, IReadOnlyDictionary<string, string> Capabilities,
        IReadOnlyDictionary<string, RpcFunctionMetadata> Functions);
}
