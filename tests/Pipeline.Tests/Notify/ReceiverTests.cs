using System.Net;
using System.Net.Mime;
using System.Text;
using CloudNative.CloudEvents.SystemTextJson;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Tests.Support;
using StandardWebhooks;
using StandardWebhooks.Diagnostics;

namespace Pipeline.Tests.Notify;

/// <summary>The POST of a notification: what a receiver gets, and what a hostile receiver cannot do.</summary>
public sealed class ReceiverTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    private static readonly Manifest Manifest = Some.Manifest();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Secret)]
    [InlineData(Other)]
    public async Task EachOfSeveralSecretsVerifiesTheSignature(string mine)
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        // The package's verifier uses this machine's clock.
        await Post(server, TimeProvider.System, $"{Secret}  {Other}").PostAsync(Event(TimeProvider.System), Token);
        var request = Assert.Single(server.Seen);
        var (body, headers) = (Encoding.UTF8.GetString(request.Body), Headers(request));
        var signatures = request.Headers["webhook-signature"].Split(' ');
        // This verifier reads only the first signature; the specification allows any of them to match.
        headers["webhook-signature"] = signatures[mine == Secret ? 0 : 1];

        new StandardWebhook(mine).Verify(body, headers);
        Assert.Equal(2, signatures.Length);

        Assert.Throws<WebhookVerificationException>(() => new StandardWebhook(mine).Verify(body + " ", headers));
        headers["webhook-id"] = "another";
        Assert.Throws<WebhookVerificationException>(() => new StandardWebhook(mine).Verify(body, headers));
    }

    [Fact]
    public async Task ASecretThatDoesNotSignDoesNotVerify()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        await Post(server, TimeProvider.System).PostAsync(Event(TimeProvider.System), Token);
        var request = Assert.Single(server.Seen);

        Assert.Throws<WebhookVerificationException>(
            () => new StandardWebhook(Other).Verify(Encoding.UTF8.GetString(request.Body), Headers(request)));
    }

    [Fact]
    public async Task TheBodyIsACloudEventWithTheOutcomeOfTheList()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}", 204));
        var time = new FakeTimeProvider(Some.Time);
        await Post(server, time).PostAsync(Event(time), Token);
        var request = Assert.Single(server.Seen);

        Assert.Equal("application/cloudevents+json; charset=utf-8", request.Headers["Content-Type"]);
        var got = new JsonEventFormatter().DecodeStructuredModeMessage(
            request.Body, new ContentType(request.Headers["Content-Type"]), null);
        Assert.Equal(
            ("pipeline.list.closed", "/lists/list", "list", Manifest.ClosedAt, request.Headers["webhook-id"]),
            (got.Type, got.Source!.OriginalString, got.Subject, got.Time, got.Id));
        var data = (System.Text.Json.JsonElement)got.Data!;
        Assert.Equal(
            ("list", 3, 2, 1, "https://store.example/list.json"),
            (data.GetProperty("list_id").GetString(), data.GetProperty("inputs").GetInt64(),
                data.GetProperty("records").GetInt64(), data.GetProperty("failures").GetInt64(),
                data.GetProperty("manifest").GetString()));
        Assert.Equal(1, data.GetProperty("failures_by_reason").GetProperty("task_failed").GetInt64());
        Assert.DoesNotContain("submissions", data.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:0:10.0.0.1")]
    [Trait("Promise", "6")]
    public async Task ANameThatResolvesToAPrivateAddressIsRefusedWhenConnecting(string address)
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        var asked = 0;
        var http = ReceiverHttp.CreateClient(allowPrivate: false, (_, _) =>
        {
            asked++;
            return Task.FromResult<IPAddress[]>([IPAddress.Parse(address)]);
        });
        var url = $"http://hooks.example.com:{server.Address.Port}/secret-path";

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => Post(url, TimeProvider.System, Secret, http).PostAsync(Event(TimeProvider.System), Token));

        Assert.Equal((false, 1), (refused.IsPermanent, asked));
        Assert.StartsWith("hooks.example.com is an address of this machine", refused.Message, StringComparison.Ordinal);
        Assert.Empty(server.Seen);
    }

    [Fact]
    [Trait("Promise", "6")]
    public async Task ARedirectIsNotFollowed()
    {
        await using var inside = await TestServer.StartAsync(TestServer.Json("{}"));
        await using var server = await TestServer.StartAsync(
            TestServer.Json("{}", 307, ("Location", inside.Address.AbsoluteUri)));

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => Post(server, TimeProvider.System).PostAsync(Event(TimeProvider.System), Token));

        Assert.Contains("answered 307. Redirects are not followed", refused.Message, StringComparison.Ordinal);
        Assert.Empty(inside.Seen);
    }

    [Theory]
    [InlineData(410, true, "it wants no more notifications")]
    [InlineData(400, false, "answered 400.")]
    [InlineData(500, false, "answered 500.")]
    public async Task OnlyARefusalForGoodEndsTheTries(int status, bool isPermanent, string text)
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("a secret of theirs", status));

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => Post(server, TimeProvider.System).PostAsync(Event(TimeProvider.System), Token));

        Assert.Equal(isPermanent, refused.IsPermanent);
        Assert.Contains(text, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABusyReceiverNamesTheTimeOfTheNextTry()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("", 429, ("Retry-After", "77")));

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => Post(server, TimeProvider.System).PostAsync(Event(TimeProvider.System), Token));

        Assert.Equal(TimeSpan.FromSeconds(77), refused.RetryAfter);
    }

    [Fact]
    public async Task ARefusalNamesAClockThatIsFarApart()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("", 401));
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddMinutes(-30));

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => Post(server, time).PostAsync(Event(time), Token));

        Assert.Contains("Its clock and ours are 30 minutes apart", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AReceiverThatNeverAnswersIsLeftAfterItsTime()
    {
        await using var server = await TestServer.StartAsync(TestServer.Silence());
        var time = new FakeTimeProvider(Some.Time);
        var post = Post(server, time).PostAsync(Event(time), Token);
        await Patience.UntilAsync(() => server.Seen.Count > 0);

        time.Advance(TimeSpan.FromSeconds(16));
        var refused = await Assert.ThrowsAsync<PipelineException>(() => post);

        Assert.Equal(
            $"http://127.0.0.1:{server.Address.Port} did not answer within 15 s.", refused.Message);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task TheBodyOfAnAnswerIsNotRead()
    {
        await using var server = await TestServer.StartAsync(async context =>
        {
            await context.Response.WriteAsync("{", Token);
            await context.Response.Body.FlushAsync(Token);
            await TestServer.Silence()(context);
        });

        await Post(server, new FakeTimeProvider(Some.Time)).PostAsync(Event(TimeProvider.System), Token);

        Assert.Single(server.Seen);
    }

    private static NotificationMessage Event(TimeProvider time) =>
        Events.Of(Manifest, "https://store.example/list.json", time.GetUtcNow());

    private static Receiver Post(TestServer server, TimeProvider time, string secret = Secret) =>
        Post(
            $"{server.Address}secret-path?code=secret", time, secret,
            ReceiverHttp.CreateClient(allowPrivate: true, Dns.GetHostAddressesAsync));

    private static Receiver Post(string url, TimeProvider time, string secret, HttpClient http)
    {
        var options = new PipelineOptions { Notify = { Url = url, Secret = secret } };
        return new(http, Microsoft.Extensions.Options.Options.Create(options), time);
    }

    private static HeaderDictionary Headers(SeenRequest request)
    {
        var headers = new HeaderDictionary();
        foreach (var (name, value) in request.Headers)
            headers[name] = value;
        return headers;
    }
}
