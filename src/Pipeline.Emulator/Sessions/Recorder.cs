using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Work.Delivery;

namespace Pipeline.Emulator.Sessions;

/// <summary>
/// Passes requests on to a real API and records them with their answers, the webhooks and, when it stops, the objects
/// of all POSTs. Headers of requests are not recorded.
/// </summary>
internal sealed partial class Recorder : IHostedService, IDisposable
{
    /// <summary>Longest body that is recorded; longer ones are only passed on.</summary>
    public const int MaxBytes = 64 << 20;

    private const int MaxReplyBytes = 512 << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(5);
    private static readonly string[] PassedUp = ["Authorization", "Accept", "User-Agent"];
    private static readonly string[] KeptHeaders =
        ["Retry-After", "retry-after-ms", "x-task-id", "ratelimit-limit", "ratelimit-remaining"];

    private readonly EmulatorOptions _options;
    private readonly OwnAddress _own;
    private readonly StoredResults _results;
    private readonly ILogger<Recorder> _logger;
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.All,
    }) { Timeout = Limit, MaxResponseContentBufferSize = MaxReplyBytes };

    private readonly SessionText _text = new();

    // The client sees its own addresses, as it will in a replay.
    private readonly SessionText _client = new();
    private readonly ConcurrentDictionary<int, SentPost> _posts = new();
    private readonly string _hookSecret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private SessionFile? _file;
    private int _isBound;
    private int _lastPost;
    private Task? _stopped;

    public Recorder(EmulatorOptions options, OwnAddress own, StoredResults results, ILogger<Recorder> logger)
    {
        (_options, _own, _results, _logger) = (options, own, results, logger);
        if (options.ApiKey is { } key)
            _text.AddKey(key);
    }

    private Uri Upstream => _options.Upstream!;

    // The upstream must be able to reach the recorder. An upstream on this machine always can.
    private Uri? CallbackBase => _options.CallbackBase ?? (Upstream.IsLoopback ? _own.Value : null);

    public void Map(IEndpointRouteBuilder app)
    {
        foreach (var version in new[] { "v1", "v2" })
            app.Map($"/{version}/{{**path}}", PassAsync)
                .WithMetadata(new RequestSizeLimitAttribute(ExtractEndpoints.MaxBodyBytes));
        app.MapPost("/_record/{post:int}/{secret}", WebhookAsync)
            .WithMetadata(new RequestSizeLimitAttribute(ExtractEndpoints.MaxBodyBytes));
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _text.Bind("api", Upstream.AbsoluteUri.TrimEnd('/'));
        _file = await SessionFile.CreateAsync(_options.RecordFile!, Upstream);
        if (_options.CallbackBase is null && !Upstream.IsLoopback)
            LogWebhooksPass(_logger);
    }

    /// <summary>Records the objects of all POSTs; repeated calls do so once.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_posts)
            return _stopped ??= _file is null ? Task.CompletedTask : FinishAsync(_file, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task FinishAsync(SessionFile file, CancellationToken cancellationToken)
    {
        foreach (var (post, sent) in _posts.OrderBy(p => p.Key))
        {
            try
            {
                if (sent.Storage is { } storage)
                    await foreach (var (uri, bytes)
                        in _results.ReadAsync(storage, sent.At - ClockDifference, cancellationToken))
                        await file.WriteAsync(SessionFile.LineOf(_text, post, uri, bytes));
            }
            catch (Exception error) when (error is Amazon.Runtime.AmazonServiceException or HttpRequestException
                or Amazon.Runtime.AmazonClientException)
            {
                LogObjectsMissing(_logger, post, error.Message);
            }
        }
        await file.DisposeAsync();
    }

    private async Task PassAsync(HttpContext context)
    {
        _text.AddKey(SessionReply.KeyOf(context.Request));
        if (Interlocked.Exchange(ref _isBound, 1) == 0)
            _client.Bind("api", _own.Value.AbsoluteUri.TrimEnd('/'));
        var body = await ReadAsync(context.Request.Body, context.RequestAborted);
        var json = SessionContent.JsonOf(body);
        int? post = HttpMethods.IsPost(context.Request.Method) && json is not null
            ? Interlocked.Increment(ref _lastPost)
            : null;
        if (post is { } number)
            body = Prepare(number, json!);
        var path = SessionReply.PathOf(context.Request);
        using var answer = await SendAsync(context, path, body);
        if (answer is null)
            return;
        var bytes = await answer.Content.ReadAsByteArrayAsync(CancellationToken.None);
        var reply = bytes.Length <= MaxBytes ? _text.Hide(SessionContent.JsonOf(bytes)) : null;
        var line = new SessionLine
        {
            Kind = "exchange",
            Post = post,
            Method = context.Request.Method,
            Path = _text.Hide(path),
            Request = _text.Hide(json),
            Status = (int)answer.StatusCode,
            Headers = HeadersOf(answer),
            Json = reply,
            Base64 = reply is null && bytes.Length <= MaxBytes ? bytes : null,
        };
        if (bytes.Length > MaxBytes)
            LogTooLong(_logger, line.Path, bytes.Length);
        else
            await _file!.WriteAsync(line);
        await SessionReply.SendAsync(
            context, line, reply is null ? bytes : SessionContent.BytesOf(_client.Fill(reply)!));
    }

    /// <summary>Remembers the addresses of a POST, and returns its body with the recorder's own callback URL.</summary>
    private byte[] Prepare(int post, JsonNode json)
    {
        _posts[post] = new(PostBody.Storage(json), PostBody.Callback(json), _options.Time.GetUtcNow());
        PostBody.Bind(_text, post, json);
        PostBody.Bind(_client, post, json);
        if (PostBody.Callback(json) is null || CallbackBase is not { } root)
            return SessionContent.BytesOf(json);
        var hook = new Uri(root, $"/_record/{post}/{_hookSecret}").AbsoluteUri;
        _text.Bind($"callback:{post}", hook);
        var sent = json.DeepClone();
        PostBody.SetCallback(sent, hook);
        return SessionContent.BytesOf(sent);
    }

    private async Task<HttpResponseMessage?> SendAsync(HttpContext context, string path, byte[] body)
    {
        using var request = new HttpRequestMessage(new(context.Request.Method), new Uri(Upstream, path));
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation(
                "Content-Type", context.Request.ContentType ?? "application/json");
        }
        foreach (var name in PassedUp)
            request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name].ToArray());
        try
        {
            // Continue even if the client disconnects: a POST that was sent may be accepted, and the recording must
            // have its answer.
            return await _http.SendAsync(request, CancellationToken.None);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            LogUpstream(_logger, error.Message);
            await Replies.FailedAsync(context, 502, "The upstream cannot be reached; see the recorder's log.");
            return null;
        }
    }

    /// <summary>Records a webhook and passes it on; the client's answer is the upstream's answer.</summary>
    private async Task WebhookAsync(HttpContext context)
    {
        var post = int.Parse((string)context.GetRouteValue("post")!, CultureInfo.InvariantCulture);
        if ((string)context.GetRouteValue("secret")! != _hookSecret || !_posts.TryGetValue(post, out var sent))
        {
            context.Response.StatusCode = 404;
            return;
        }
        var bytes = await ReadAsync(context.Request.Body, context.RequestAborted);
        var json = _text.Hide(SessionContent.JsonOf(bytes));
        await _file!.WriteAsync(
            new() { Kind = "webhook", Post = post, Json = json, Base64 = json is null ? bytes : null });
        using var content = new ByteArrayContent(json is null ? bytes : SessionContent.BytesOf(_client.Fill(json)!));
        content.Headers.ContentType = new("application/json");
        try
        {
            using var answer = await _http.PostAsync(sent.Callback, content, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            context.Response.StatusCode = 502;
        }
    }

    private static Dictionary<string, string>? HeadersOf(HttpResponseMessage answer)
    {
        var kept = KeptHeaders.Where(answer.Headers.Contains).ToDictionary(
            name => name, name => string.Join(", ", answer.Headers.GetValues(name)));
        if (answer.Content.Headers.ContentType is { } type)
            kept["Content-Type"] = type.ToString();
        return kept.Count > 0 ? kept : null;
    }

    private static async Task<byte[]> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }

    private sealed record SentPost(string? Storage, string? Callback, DateTimeOffset At);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Webhooks go straight to the client and are not recorded, because the upstream cannot reach this "
            + "machine. Give --callback-base URL to keep them.")]
    private static partial void LogWebhooksPass(ILogger logger);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The objects of POST {Post} are not in the recording: {Reason}. Set the variables of the store, "
            + "such as AWS_ACCESS_KEY_ID, and record again.")]
    private static partial void LogObjectsMissing(ILogger logger, int post, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The answer to {Path} is not in the recording: it has {Bytes} bytes.")]
    private static partial void LogTooLong(ILogger logger, string? path, int bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The upstream cannot be reached: {Reason}")]
    private static partial void LogUpstream(ILogger logger, string reason);
}
