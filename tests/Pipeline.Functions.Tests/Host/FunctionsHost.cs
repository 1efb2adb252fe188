using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Functions.Tests.Host.Protocol;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// Acts as the Functions host for a worker: it asks for the functions, loads them and invokes them over the worker
/// protocol. It forwards HTTP requests to the worker's own server, with the id of their invocation.
/// </summary>
internal sealed class FunctionsHost : IAsyncDisposable
{
    // Without Cookie and Origin, nobody could sign in; without the others, nobody could use the API.
    private static readonly string[] Forwarded =
        ["Cookie", "Origin", "If-None-Match", "Sec-Fetch-Site", "Authorization", "X-Api-Key", "Idempotency-Key"];

    private readonly WorkerConnection _worker = new();

    private readonly HttpClient _http = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Dictionary<string, RpcFunctionMetadata> _functions = [];
    private readonly WebApplication _app;
    private Uri _workerHttp = null!;
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
        builder.Services.AddSingleton(_worker);
        _app = builder.Build();
        _app.UseRouting();
        _app.MapGrpcService<WorkerConnection>();
        // Without a pattern, a fallback passes over paths that end like a file name.
        _app.MapFallback("{**path}", ForwardAsync);
    }

    /// <summary>The address to which the worker connects.</summary>
    public Uri WorkerEndpoint => new(Addresses[0]);

    /// <summary>The public address of the HTTP functions.</summary>
    public Uri PublicAddress => new(Addresses[1]);

    /// <summary>The bindings of each function by name, as the worker reported them.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<JsonElement>> Bindings =>
        _functions.ToDictionary(
            f => f.Key, f => (IReadOnlyList<JsonElement>)[.. f.Value.RawBindings.Select(b => JsonElement.Parse(b))]);

    /// <summary>The capabilities that the worker reported.</summary>
    public IReadOnlyDictionary<string, string> Capabilities { get; private set; } = new Dictionary<string, string>();

    /// <summary>The worker's log.</summary>
    public IEnumerable<string> Logs => _worker.Logs;

    /// <summary>Waits for a line in the worker's log that contains all of the texts.</summary>
    public async Task WaitForLogAsync(params string[] texts)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (!Logs.Any(line => texts.All(text => line.Contains(text, StringComparison.Ordinal))))
            await Task.Delay(10, limit.Token);
    }

    private string[] Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    public static async Task<FunctionsHost> StartAsync()
    {
        var host = new FunctionsHost();
        await host._app.StartAsync();
        return host;
    }

    /// <summary>Initializes the connected worker and loads its functions.</summary>
    public async Task LoadAsync(string folder)
    {
        await _worker.WaitForWorkerAsync();
        var init = (
            await _worker.AskAsync(
                new()
                {
                    WorkerInitRequest = new()
                    {
                        HostVersion = "4.1000.0",
                        WorkerDirectory = folder,
                        FunctionAppDirectory = folder,
                    },
                })).WorkerInitResponse;
        Assert.Equal(StatusResult.Types.Status.Success, init.Result.Status);
        Capabilities = init.Capabilities;
        _workerHttp = new(init.Capabilities["HttpUri"]);
        var metadata = (
            await _worker.AskAsync(
                new() { FunctionsMetadataRequest = new() { FunctionAppDirectory = folder } })).FunctionMetadataResponse;
        Assert.True(metadata.Result.Status == StatusResult.Types.Status.Success, metadata.Result.Exception?.Message);
        foreach (var function in metadata.FunctionMetadataResults)
        {
            function.Directory = folder;
            var loaded = (
                await _worker.AskAsync(
                    new()
                    {
                        FunctionLoadRequest = new() { FunctionId = function.FunctionId, Metadata = function },
                    })).FunctionLoadResponse;
            Assert.True(
                loaded.Result.Status == StatusResult.Types.Status.Success,
                $"{function.Name}: {loaded.Result.Exception?.Message}");
            _functions.Add(function.Name, function);
        }
    }

    /// <summary>Invokes a function with a queue message, as the queue extension does.</summary>
    /// <param name="function">Name of the function.</param>
    /// <param name="text">The message's text.</param>
    /// <param name="dequeueCount">Number of deliveries, including this one.</param>
    public async Task<StatusResult> InvokeQueueAsync(string function, string text, long dequeueCount = 1)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(new
        {
            MessageId = $"message-{_invocations}",
            PopReceipt = "receipt",
            MessageText = text,
            DequeueCount = dequeueCount,
            NextVisibleOn = DateTimeOffset.UnixEpoch,
            InsertedOn = DateTimeOffset.UnixEpoch,
            ExpiresOn = DateTimeOffset.UnixEpoch,
        });
        var data = new ModelBindingData
        {
            Version = "1.0",
            Source = "AzureStorageQueues",
            ContentType = "application/json",
            Content = ByteString.CopyFrom(content),
        };
        return await InvokeAsync(Request(function, new() { ModelBindingData = data }), CancellationToken.None);
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

    public async ValueTask DisposeAsync()
    {
        _worker.Close();
        _http.Dispose();
        await _app.DisposeAsync();
    }

    private InvocationRequest Request(string function, TypedData? trigger)
    {
        var request = new InvocationRequest
        {
            InvocationId = $"invocation-{Interlocked.Increment(ref _invocations)}",
            FunctionId = _functions[function].FunctionId,
            TraceContext = new() { TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
        };
        if (trigger is not null)
            request.InputData.Add(
                new ParameterBinding { Name = Trigger(function).GetProperty("name").GetString(), Data = trigger });
        return request;
    }

    private async Task<StatusResult> InvokeAsync(InvocationRequest request, CancellationToken stopping)
    {
        using var stop = stopping.Register(
            () => _worker.Send(new() { InvocationCancel = new() { InvocationId = request.InvocationId } }));
        return (await _worker.AskAsync(new() { InvocationRequest = request })).InvocationResponse.Result;
    }

    private JsonElement Trigger(string function) =>
        Bindings[function].Single(
            b => b.GetProperty("type").GetString()!.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase));

    /// <summary>Matches the route, starts an invocation, and forwards the request to the worker's server.</summary>
    private async Task ForwardAsync(HttpContext context)
    {
        foreach (var function in _functions.Keys)
        {
            var trigger = Trigger(function);
            if (trigger.GetProperty("type").GetString() != "httpTrigger"
                || !trigger.GetProperty("methods").EnumerateArray().Any(
                    m => HttpMethods.Equals(m.GetString()!, context.Request.Method)))
                continue;
            var values = new RouteValueDictionary();
            var template = Microsoft.AspNetCore.Routing.Template.TemplateParser.Parse(
                $"api/{trigger.GetProperty("route").GetString()}");
            if (!new Microsoft.AspNetCore.Routing.Template.TemplateMatcher(template, []).TryMatch(context.Request.Path,
                values))
                continue;
            var invocation = Request(function, trigger: null);
            foreach (var (name, value) in values)
                if (value is string text)
                    invocation.TriggerMetadata[name] = new() { String = text };
            await Task.WhenAll(
                InvokeAsync(invocation, CancellationToken.None), ProxyAsync(context, invocation.InvocationId));
            return;
        }
        context.Response.StatusCode = StatusCodes.Status404NotFound;
    }

    private async Task ProxyAsync(HttpContext context, string invocationId)
    {
        using var request = new HttpRequestMessage(
            new(context.Request.Method), new Uri(_workerHttp, context.Request.Path + context.Request.QueryString));
        request.Headers.Add("x-ms-invocation-id", invocationId);
        foreach (var name in Forwarded)
            request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name].AsEnumerable());
        if (HttpMethods.IsPost(context.Request.Method))
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        }
        using var response = await _http.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        foreach (var (name, values) in response.Headers.Where(header => header.Key != "Transfer-Encoding"))
            context.Response.Headers[name] = values.ToArray();
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
