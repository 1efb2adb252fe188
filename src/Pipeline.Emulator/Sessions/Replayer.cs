using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Work.Delivery;

namespace Pipeline.Emulator.Sessions;

/// <summary>
/// Replays a recorded session. A POST writes its recorded objects, is answered, and has its webhooks called. Several
/// answers to the same request are sent in order; a GET repeats the last one.
/// </summary>
internal sealed partial class Replayer : IDisposable
{
    private readonly IReadOnlyList<SessionLine> _lines;
    private readonly Dictionary<string, List<SessionLine>> _answers;
    private readonly ConcurrentDictionary<string, int> _used = new();
    private readonly SessionText _text = new();
    private readonly OwnAddress _own;
    private readonly BucketStore _buckets;
    private readonly ILogger<Replayer> _logger;
    private int _isBound;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public Replayer(EmulatorOptions options, OwnAddress own, BucketStore buckets, ILogger<Replayer> logger)
    {
        (_own, _buckets, _logger) = (own, buckets, logger);
        _lines = SessionLine.ReadAll(options.ReplayFile!);
        _answers = _lines.Where(line => line.Kind == "exchange")
            .GroupBy(line => RequestKey.Of(line.Method!, line.Path!, line.Request))
            .ToDictionary(group => group.Key, group => group.ToList());
    }

    public void Map(IEndpointRouteBuilder app)
    {
        foreach (var version in new[] { "v1", "v2" })
            app.Map($"/{version}/{{**path}}", AnswerAsync)
                .WithMetadata(new RequestSizeLimitAttribute(ExtractEndpoints.MaxBodyBytes));
    }

    public void Dispose() => _http.Dispose();

    private async Task AnswerAsync(HttpContext context)
    {
        if (Interlocked.Exchange(ref _isBound, 1) == 0)
            _text.Bind("api", _own.Value.AbsoluteUri.TrimEnd('/'));
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        var body = SessionContent.JsonOf(bytes.ToArray());
        var asked = Describe(context, body);
        var key = RequestKey.Of(asked.Method!, asked.Path!, asked.Request);
        if (Next(key, isPost: HttpMethods.IsPost(context.Request.Method)) is not { } line)
        {
            await Replies.FailedAsync(context, 404, Explain(key, asked));
            return;
        }
        if (line.Post is { } post)
        {
            PostBody.Bind(_text, post, body);
            await WriteObjectsAsync(post, context.RequestAborted);
        }
        await SessionReply.SendAsync(
            context, line, line.Json is { } json ? SessionContent.BytesOf(_text.Fill(json)!) : line.Base64 ?? []);
        if (line.Post is { } answered && PostBody.Callback(body) is { } callback)
            _ = CallAsync(answered, callback);
    }

    /// <summary>The request in the form of a recording.</summary>
    private static SessionLine Describe(HttpContext context, JsonNode? body)
    {
        var text = new SessionText();
        text.AddKey(SessionReply.KeyOf(context.Request));
        if (HttpMethods.IsPost(context.Request.Method))
            PostBody.Bind(text, 0, body);
        return new()
        {
            Kind = "exchange",
            Method = context.Request.Method,
            Path = text.Hide(SessionReply.PathOf(context.Request)),
            Request = text.Hide(body),
        };
    }

    private SessionLine? Next(string key, bool isPost)
    {
        if (!_answers.TryGetValue(key, out var answers))
            return null;
        var index = _used.AddOrUpdate(key, 0, (_, last) => last + 1);
        return index < answers.Count ? answers[index] : isPost ? null : answers[^1];
    }

    /// <summary>Names the recorded request nearest to a request that the recording lacks.</summary>
    private string Explain(string key, SessionLine asked)
    {
        var request = $"{asked.Method} {asked.Path}";
        if (_answers.TryGetValue(key, out var same))
            return $"The recording has {request} with this body only {same.Count} times.";
        var recorded = _answers.Values.SelectMany(lines => lines).ToList();
        var alike = recorded.Where(line => line.Method == asked.Method && line.Path == asked.Path).ToList();
        if (alike.Count > 0)
            return $"The recording has no {request} with this body. The nearest one is in line {alike[0].Number}; they "
                + $"differ in {RequestKey.FirstDifference(alike[0].Request, asked.Request)}.";
        var nearest = recorded.OrderBy(line => line.Method == asked.Method ? 0 : 1)
            .ThenByDescending(line => Common(line.Path!, asked.Path!)).FirstOrDefault();
        return nearest is null
            ? $"The recording has no {request}; it has no request at all."
            : $"The recording has no {request}. The nearest one is {nearest.Method} {nearest.Path} in line "
                + $"{nearest.Number}.";
    }

    private static int Common(string one, string other) => one.AsSpan().CommonPrefixLength(other);

    private async Task WriteObjectsAsync(int post, CancellationToken cancellationToken)
    {
        foreach (var line in _lines.Where(line => line.Kind == "object" && line.Post == post))
        {
            var rest = _text.Fill(line.Uri!)[5..].Split('/', 2);
            await _buckets.EnsureBucketAsync(rest[0]);
            using var content = new MemoryStream(SessionFile.BytesOf(_text, line));
            var type = line.Gzip == true ? "application/gzip" : "application/json";
            await _buckets.PutAsync(rest[0], rest[^1], content, new(type), cancellationToken);
        }
    }

    private async Task CallAsync(int post, string callback)
    {
        foreach (var line in _lines.Where(line => line.Kind == "webhook" && line.Post == post))
        {
            using var content = new ByteArrayContent(SessionFile.BytesOf(_text, line));
            content.Headers.ContentType = new("application/json");
            try
            {
                using var answer = await _http.PostAsync(callback, content);
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException
                or InvalidOperationException or UriFormatException)
            {
                LogNotCalled(_logger, line.Number, error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The webhook in line {Line} could not be sent: {Reason}")]
    private static partial void LogNotCalled(ILogger logger, int line, string reason);
}
