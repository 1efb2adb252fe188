using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Callback;
using Pipeline.Cli.Serving;
using Pipeline.Delivery;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>
/// Webhooks through a real server: whatever their bodies do, they get an answer, and no error is logged as ours.
/// </summary>
[Trait("Promise", "9")]
public sealed class CallbackEndpointTests : IAsyncDisposable
{
    private const string Submission = "list-000001";

    private readonly FakeTimeProvider _time = new();
    private readonly CallbackLimits _limits = new(perSubmission: 40, perSecond: 60, wrongPerSecond: 5);
    private readonly CallbackTokens _tokens;
    private readonly WebApplication _app;
    private readonly List<Exception> _escaped = [];
    private bool _serverHasALimit;

    public CallbackEndpointTests()
    {
        var options = new PipelineOptions { Delivery = { CallbackBase = new("http://localhost") } };
        options.Delivery.CallbackKeys.Add(Convert.ToBase64String(new byte[32]));
        _tokens = new(Microsoft.Extensions.Options.Options.Create(options));
        var builder = Hosts.CreateBuilder();
        builder.Services.AddSingleton(new CallbackStage(
            _tokens, _limits, new(_time), Gatherers.Prompt(Mock.Of<IWorkQueue>(), _time),
            NullLogger<CallbackStage>.Instance));
        _app = builder.Build();
        _app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
                _serverHasALimit = context.Features.Get<IHttpMinRequestBodyDataRateFeature>()?.MinDataRate is not null;
            }
            catch (Exception error)
            {
                _escaped.Add(error);
                throw;
            }
        });
        _app.MapCallbacks();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFF\r\nabc\r\n")]
    [InlineData("-2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("zz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("7FFFFFFF;x\r\n{")]
    public async Task ABodyWhoseChunksAreNoChunksIsA400(string body)
    {
        var answer = await SendAsync("Transfer-Encoding: chunked\r\n\r\n" + body, end: body.EndsWith('{'));
        if (!body.EndsWith('{'))
            Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Empty(_escaped);
    }

    [Fact]
    public async Task ASenderThatGoesAwayIsNoError()
    {
        await SendAsync("Content-Length: 1000\r\n\r\n{", end: true);
        Assert.Empty(_escaped);
    }

    [Fact]
    public async Task ABodyThatDripsIsEndedByTheStageAndNotByTheServer()
    {
        var answer = SendAsync("Content-Length: 1000\r\n\r\n{", end: false);
        await _time.AdvanceUntilAsync(answer, CallbackBodyReader.Limit);

        Assert.StartsWith("HTTP/1.1 408 ", await answer, StringComparison.Ordinal);
        Assert.False(_serverHasALimit);
        Assert.Empty(_escaped);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _limits.Dispose();
    }

    /// <summary>Sends a webhook byte for byte.</summary>
    /// <returns>The head of the answer; empty if there is none.</returns>
    private async Task<string> SendAsync(string rest, bool end)
    {
        await _app.StartAsync(Ct);
        var address = new Uri(_app.Urls.Single());
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Ct);
        var stream = client.GetStream();
        var path = _tokens.UrlFor(Submission)!.AbsolutePath;
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\n{rest}"), Ct);
        if (end)
            client.Client.Shutdown(SocketShutdown.Send);
        var buffer = new byte[4096];
        try
        {
            var read = await stream.ReadAsync(buffer, Ct);
            return Encoding.ASCII.GetString(buffer, 0, read);
        }
        // A client that has ended its own side may be disconnected without an answer.
        catch (IOException) when (end)
        {
            return "";
        }
    }
}
