using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Http;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Nimble;

/// <summary>
/// The Nimble API. A POST is sent exactly once and tells what is known afterwards; a GET is repeated a few times. One instance serves a whole
/// process, so that the rate limit holds; its <see cref="HttpClient"/> comes from <see cref="NimbleHttp"/>.
/// </summary>
/// <remarks>
/// GETs throw <see cref="PipelineException"/>: <see cref="FailureReasons.Unavailable"/> (transient), <see cref="FailureReasons.AccessDenied"/>
/// and <see cref="FailureReasons.InvalidConfiguration"/> (permanent).
/// </remarks>
internal sealed partial class NimbleClient(HttpClient http, IOptions<PipelineOptions> options, TimeProvider time, ILogger<NimbleClient> logger)
    : IDisposable
{
    // A batch of 1,000 tasks, each with its whole echo, is a few MiB; a task has one echo; progress is a line.
    private const int MaxBatchBytes = 32 << 20;
    private const int MaxTaskBytes = ReplyBudget.SmallBytes;
    private const int MaxProgressBytes = 64 << 10;

    private const int PageSize = 100;
    private const int MaxItemsOfAPage = 10 * PageSize;
    private static readonly TimeSpan LongestListing = TimeSpan.FromMinutes(2);

    // Answers to POSTs have a budget of their own: reads that crawl must not keep one of them waiting.
    private readonly (ReplyBudget Reads, ReplyBudget Posts) _budgets = ReplyBudget.Create(reads: 16, posts: 4);

    // A result comes at this rate at the least, bytes a second, and within this time; else its connection is given up.
    private const long LeastRate = 2048;
    private static readonly TimeSpan BodyDeadline = TimeSpan.FromMinutes(30);

    private readonly NimbleOptions _options = options.Value.Nimble;
    private readonly string _key = Key(options.Value.Nimble.ApiKey);
    private readonly RequestPacer _pacer = new(options.Value.Nimble.RequestsPerSecond, time);
    private readonly SecretText _secrets = new(Key(options.Value.Nimble.ApiKey));
    private readonly NimbleReplies _replies = new(logger, new SecretText(Key(options.Value.Nimble.ApiKey)).Clean);
    private readonly RetryPolicy _policy = new(4, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(20), options.Value.Nimble.Timeout);
    private readonly string _root = Root(options.Value.Nimble);

    /// <summary>Submits a batch: <c>POST extract/batch</c>.</summary>
    public Task<PostOutcome> PostBatchAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => PostAsync("extract/batch", body, cancellationToken);

    /// <summary>Submits one input: <c>POST extract/async</c>.</summary>
    public Task<PostOutcome> PostSingleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => PostAsync("extract/async", body, cancellationToken);

    /// <summary>One task, or null when the API does not know it.</summary>
    /// <param name="submissionId">The submission that asks; submissions take turns.</param>
    /// <param name="taskId">The task, well-formed.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<NimbleTask?> GetTaskAsync(string submissionId, string taskId, CancellationToken cancellationToken)
    {
        using var response = await GetAsync($"tasks/{Checked(taskId)}", submissionId, cancellationToken);
        return response is null ? null :
            await ReadAsync(response, MaxTaskBytes, json => _replies.Note(NimbleJson.ReadTask(json, taskId)), cancellationToken);
    }

    /// <summary>The result of a task as the API keeps it, its stored bytes; null when it has none (yet, or any more).</summary>
    /// <inheritdoc cref="GetTaskAsync" path="/param"/>
    public async Task<ObjectRead?> OpenResultsAsync(string submissionId, string taskId, CancellationToken cancellationToken)
    {
        var response = await GetAsync($"tasks/{Checked(taskId)}/results", submissionId, cancellationToken);
        if (response is null)
            return null;
        var length = response.Content.Headers.ContentLength;
        // Which version a second request would read is not documented, so a cut is the caller's to repeat.
        var download = new Download($"The result of task {taskId}", length, Check: null, Reopen: null);
        var body = new ResumingStream(response, download, new(_options.Timeout, LeastRate, BodyDeadline), maxResumes: 0, _policy, time);
        return new HttpObjectRead(body, length, etag: null);
    }

    /// <summary>Where <see cref="OpenResultsAsync"/> reads.</summary>
    public string ResultsAddress(string taskId) => $"{_root}tasks/{Checked(taskId)}/results";

    /// <summary>A batch with its tasks, or null when the API does not know it.</summary>
    /// <param name="submissionId">The submission that asks; submissions take turns.</param>
    /// <param name="id">The batch, well-formed.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<NimbleBatch?> GetBatchAsync(string submissionId, string id, CancellationToken cancellationToken)
    {
        using var response = await GetAsync($"batches/{Checked(id)}", submissionId, cancellationToken);
        return response is null ? null :
            await ReadAsync(response, MaxBatchBytes, json => _replies.Note(NimbleJson.ReadBatch(json, id)), cancellationToken);
    }

    /// <summary>How far a batch is, or null when the API does not know it.</summary>
    /// <inheritdoc cref="GetBatchAsync" path="/param"/>
    public async Task<NimbleProgress?> GetProgressAsync(string submissionId, string id, CancellationToken cancellationToken)
    {
        using var response = await GetAsync($"batches/{Checked(id)}/progress", submissionId, cancellationToken);
        return response is null ? null :
            await ReadAsync(response, MaxProgressBytes, json => NimbleJson.ReadProgress(json, id), cancellationToken);
    }

    /// <summary>Every task the API knows, page by page; no page at all where the API has no such list.</summary>
    public IAsyncEnumerable<NimbleList<NimbleTask>> ListTasksAsync(CancellationToken cancellationToken) =>
        ListAsync("tasks", item => _replies.Note(NimbleJson.ReadTask(item)), cancellationToken);

    /// <summary>Every batch the API knows, page by page; no page at all where the API has no such list.</summary>
    public IAsyncEnumerable<NimbleList<NimbleBatch>> ListBatchesAsync(CancellationToken cancellationToken) =>
        ListAsync("batches", item => _replies.Note(NimbleJson.ReadBatch(item)), cancellationToken);

    public void Dispose()
    {
        _budgets.Reads.Dispose();
        _budgets.Posts.Dispose();
    }

    private async Task<PostOutcome> PostAsync(string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        await _pacer.WaitToPostAsync(cancellationToken);
        using var content = new OnceContent(body);
        using var request = Request(HttpMethod.Post, path);
        request.Content = content;
        using var limit = new ReplyTime(_options.Timeout, time, cancellationToken);
        int? status = null;
        string? taskId = null;
        PostOutcome outcome;
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            status = (int)response.StatusCode;
            taskId = NimbleReplies.TaskIdOf(response);
            var asked = RetryAfter.Read(response, time.GetUtcNow());
            outcome = await NimbleReplies.ReadAsync(_budgets.Posts, response, MaxBatchBytes,
                reply => WithoutSecrets(PostReply.Interpret((int)response.StatusCode, reply, taskId, asked)), limit);
        }
        catch (Exception e) when (Faults.IsOfConnection(e, cancellationToken))
        {
            var problem = e is OperationCanceledException ? $"no answer within {_options.Timeout.TotalSeconds:0.#} s" : e.Message;
            outcome = content.Started
                ? new PostOutcome.Unknown($"The answer of {request.RequestUri} was lost: {problem}", status, taskId)
                : new PostOutcome.Refused(RefusalKind.NotReached, null, $"{request.RequestUri} cannot be reached: {problem}", null);
        }

        return outcome is PostOutcome.Accepted ? outcome : WithoutSecrets(outcome);
    }

    /// <summary>The response of a GET, 200; null where there is nothing (404, 410) or nothing yet (202, 204).</summary>
    private async Task<HttpResponseMessage?> GetAsync(
        string path, string asker, CancellationToken cancellationToken, bool isList = false)
    {
        var requests = new RetryingHttp(http, _policy, time, logger);
        var response = await requests.SendAsync(
            $"Nimble, asked for {path},",
            async ct =>
            {
                await _pacer.WaitToReadAsync(asker, ct);
                return Request(HttpMethod.Get, path);
            },
            cancellationToken);
        if ((int)response.StatusCode == 200)
            return response;
        using (response)
        {
            return (int)response.StatusCode is 202 or 204 or 404 or 410 ? null : throw Refused((int)response.StatusCode, path, isList);
        }
    }

    /// <summary>
    /// A refusal. It is not final for a task or batch: the result is paid for, and the key or the address may be mended. It is
    /// for a list, which settings are tried with.
    /// </summary>
    private PipelineException Refused(int status, string path, bool isList)
    {
        var (reason, message) = status switch
        {
            401 or 403 => (FailureReasons.AccessDenied,
                $"Nimble refuses the API key ({status}). Set NIMBLE_API_KEY to a valid key for {_options.BaseUrl.Authority}."),
            402 => (FailureReasons.Unavailable, "Nimble refuses to serve this account for want of budget (402). Top it up."),
            _ => (FailureReasons.InvalidConfiguration, $"Nimble answered {status} for {_root}{path}. Check the API's address and version."),
        };
        return isList && status != 402 ? PipelineException.Permanent(reason, message) : PipelineException.Transient(reason, message);
    }

    private async IAsyncEnumerable<NimbleList<T>> ListAsync<T>(
        string path, Func<JsonElement, T?> read, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        var guard = new PageGuard($"Nimble's {path}", time);
        var began = time.GetTimestamp();
        string? cursor = null;
        do
        {
            var query = $"{path}?limit={PageSize}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}";
            if (await guard.FetchAsync(() => GetPageAsync(query, path, read, cancellationToken)) is not var (page, next))
                yield break;
            yield return page;

            cursor = next;
            if (cursor is not null)
                guard.Next(cursor);
        }
        // A look for evidence has other places to go to; what it did not see of the list leaves a doubt.
        while (cursor is not null && time.GetElapsedTime(began) < LongestListing);
    }

    /// <summary>A page and the cursor of the next; null where the API has no such list.</summary>
    private async Task<Tuple<NimbleList<T>, string?>?> GetPageAsync<T>(
        string query, string asker, Func<JsonElement, T?> read, CancellationToken cancellationToken)
        where T : class
    {
        using var response = await GetAsync(query, asker, cancellationToken, isList: true);
        return response is null ? null : await ReadAsync(response, MaxBatchBytes, json => ReadPage(json, read), cancellationToken);
    }

    private static Tuple<NimbleList<T>, string?>? ReadPage<T>(JsonElement json, Func<JsonElement, T?> read)
        where T : class
    {
        if (NimblePage.Read(json) is not { } page)
            return null;
        var items = page.Items.Take(MaxItemsOfAPage).Select(read).OfType<T>().ToList();
        return Tuple.Create(new NimbleList<T>(items, HasGaps: items.Count < page.Items.Count, page.IsLast), page.NextCursor);
    }

    /// <summary>Reads a reply of one kind; what cannot be read, or is too long for it, is an error.</summary>
    private async Task<T> ReadAsync<T>(HttpResponseMessage response, int limit, Func<JsonElement, T?> read, CancellationToken cancellationToken)
        where T : class
    {
        using var allowed = new ReplyTime(_options.Timeout, time, cancellationToken);
        return await NimbleReplies.ReadAsync(_budgets.Reads, response, limit,
            body => NimbleJson.Read(body, json => json is { } root ? read(root) : null), allowed)
            ?? throw Unreadable(response);
    }

    private static PipelineException Unreadable(HttpResponseMessage response) => PipelineException.Transient(
        FailureReasons.Unavailable, $"Nimble answered {response.RequestMessage?.RequestUri?.AbsolutePath} with a body that cannot be read.");

    private static string Checked(string id) => TaskIds.IsWellFormed(id) ? id : throw new ArgumentException("Not a well-formed id.", nameof(id));

    private static string Root(NimbleOptions options)
    {
        var root = options.BaseUrl.AbsoluteUri.TrimEnd('/');
        var version = "/" + options.Version;
        return (root.EndsWith(version, StringComparison.Ordinal) ? root : root + version) + "/";
    }

    /// <summary>The key as a header can carry it; a line break from a file it was read from is dropped.</summary>
    private static string Key(string key) => key.Trim() is var trimmed && trimmed.All(c => c is > ' ' and < (char)127)
        ? trimmed
        : throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, "NIMBLE_API_KEY holds characters that no key has. Set it to the key alone.");

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, _root + path) { Version = HttpVersion.Version11 };
        if (_key.Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        request.Headers.ExpectContinue = false;
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        return request;
    }

    /// <summary>What was answered, without the key and the callback's token: a refusal may well repeat what it refuses.</summary>
    private PostOutcome WithoutSecrets(PostOutcome outcome) => outcome switch
    {
        PostOutcome.Accepted accepted => accepted with
        {
            Tasks = _replies.Note(accepted.Tasks),
            Errors = [.. accepted.Errors.Select(e => e with { Message = _secrets.Clean(e.Message) })],
        },
        PostOutcome.Refused refused => refused with { Message = _secrets.Clean(refused.Message) },
        PostOutcome.Unknown unknown => unknown with { Message = _secrets.Clean(unknown.Message) },
        _ => outcome,
    };
}
