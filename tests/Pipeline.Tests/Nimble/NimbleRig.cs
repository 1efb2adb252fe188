using Microsoft.AspNetCore.Http;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Nimble;

/// <summary>A client built as in the product, connected to a test server.</summary>
internal sealed class NimbleRig : IAsyncDisposable
{
    private readonly HttpClient _http = NimbleHttp.CreateClient();

    private NimbleRig(TestServer? server, NimbleOptions nimble, TimeProvider time)
    {
        Server = server;
        Client = new NimbleClient(
            _http, Microsoft.Extensions.Options.Options.Create(new PipelineOptions { Nimble = nimble }), time, Logs);
    }

    public TestServer? Server { get; }

    public NimbleClient Client { get; }

    public CollectedLogs<NimbleClient> Logs { get; } = new();

    public static async Task<NimbleRig> StartAsync(params Func<HttpContext, Task>[] answers)
    {
        var server = await TestServer.StartAsync(answers);
        return new NimbleRig(server, Settings(server.Address), TimeProvider.System);
    }

    public static NimbleRig At(Uri address, TimeProvider? time = null, Action<NimbleOptions>? change = null)
    {
        var settings = Settings(address);
        change?.Invoke(settings);
        return new NimbleRig(null, settings, time ?? TimeProvider.System);
    }

    /// <summary>A client that uses another <see cref="HttpClient"/>.</summary>
    public static NimbleClient ClientOf(HttpClient http, Uri address) =>
        new(
            http, Microsoft.Extensions.Options.Options.Create(new PipelineOptions { Nimble = Settings(address) }),
            TimeProvider.System, new CollectedLogs<NimbleClient>());

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (Server is not null)
            await Server.DisposeAsync();
    }

    private static NimbleOptions Settings(Uri address) =>
        new()
        {
            BaseUrl = address,
            ApiKey = "secret-key-1",
            RequestsPerSecond = 10_000,
            Timeout = Patience.Limit,
        };
}
