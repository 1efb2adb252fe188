using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Http;
using Pipeline.Http.Retrying;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Nimble;

/// <summary>
/// Client of the Nimble API. It sends a POST exactly once and returns what is known afterwards; it retries a GET a few
/// times. One instance serves the whole process, so that the rate limit holds; with a shared pace, it holds for all
/// processes. Its <see cref="HttpClient"/> comes from <see cref="NimbleHttp"/>.
/// </summary>
/// <remarks>
/// GETs throw <see cref="PipelineException"/>: <see cref="FailureReasons.Unavailable"/> (transient), <see
/// cref="FailureReasons.AccessDenied"/> and <see cref="FailureReasons.InvalidConfiguration"/> (permanent).
/// </remarks>
internal sealed partial class NimbleClient(
    HttpClient http, IOptions<PipelineOptions> options, TimeProvider time, ILogger<NimbleClient> logger,
    IRequestPace? pace = null)
    : IDisposable
{
    // A batch of 1,000 tasks with their echoes is a few MiB; a task has one echo; progress is one line.
    private const int MaxBatchBytes = 32 << 20;
    private const int MaxTaskBytes = ReplyBudget.SmallBytes;
    private const int MaxProgressBytes = 64 << 10;

    private const int PageSize = 100;
    private const int MaxItemsOfAPage = 10 * PageSize;
    private static readonly TimeSpan LongestListing = TimeSpan.FromMinutes(2);

    // Answers to POSTs have their own budget, so that slow reads do not delay them.
    private readonly (ReplyBudget Reads, ReplyBudget Posts) _budgets = ReplyBudget.Create(reads: 16, posts: 4);

    // Minimum rate of a result, bytes per second, and maximum duration; otherwise, its connection is closed.
    private const long LeastRate = 2048;
    private static readonly TimeSpan BodyDeadline = TimeSpan.FromMinutes(30);

    private readonly NimbleOptions _options = options.Value.Nimble;
    private readonly string _key = Key(options.Value.Nimble.ApiKey);
    private readonly RequestPacer _pacer = new(options.Value.Nimble.RequestsPerSecond, time, pace);
    private readonly SecretText _secrets = new(Key(options.Value.Nimble.ApiKey));
    private readonly NimbleReplies _replies = new(logger, new SecretText(Key(options.Value.Nimble.ApiKey)).Clean);
    private readonly RetryPolicy _policy = new(
        4, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(20), options.Value.Nimble.Timeout);
    private readonly string _root = Root(options.Value.Nimble);

    /// <summary>
    /// Waits until the rate limit allows a POST. The caller waits before it decides to post, not after, because the
    /// list may be paused meanwhile.
    /// </summary>
    public Task WaitToPostAsync(CancellationToken cancellationToken) => _pacer.WaitToPostAsync(cancellationToken);

    /// <summary>Submits a batch: <c>POST extract/batch</c>. Wait for the turn first.</summary>
    public Task<PostOutcome> PostBatchAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        PostAsync("extract/batch", body, cancellationToken);

    /// <summary>Submits one input: <c>POST extract/async</c>. Wait for the turn first.</summary>
    public Task<PostOutcome> PostSingleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        PostAsync("extract/async", body, cancellationToken);

    /// <summary>Gets a task; null if the API does not know it.</summary>
    /// <param name="submissionId">The submission that asks; submissions take turns.</param>
    /// <param name="taskId">The task, well-formed.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<NimbleTask?> GetTaskAsync(string submissionId, string taskId, CancellationToken cancellationToken)
    {
        using var response = await GetAsync($"tasks/{Checked(taskId)}", submissionId, cancellationToken);
        return response is null ? null :
            await ReadAsync(
                response, MaxTaskBytes, json => _replies.Note(NimbleJson.ReadTask(json, taskId)), cancellationToken);
    }

    /// <summary>
    /// Opens the stored bytes of a task's result at the API; null if the API has none yet, or no longer has it.
    /// </summary>
    /// <inheritdoc cref="GetTaskAsync" path="/param"/>
    public async Task<ObjectRead?> OpenResultsAsync(
        string submissionId, string taskId, CancellationToken cancellationToken)
    {
        var response = await GetAsync($"tasks/{Checked(taskId)}/results", submissionId, cancellationToken);
        if (response is null)
            return null;
        var length = response.Content.Headers.ContentLength;
        // A second request might read another version, so the caller must repeat an interrupted read.
        var download = new Download($"The result of task {taskId}", length, Check: null, Reopen: null);
        var body = new ResumingStream(
            response, download, new(_options.Timeout, LeastRate, BodyDeadline), maxResumes: 0, _policy, time);
        return BrotliBody.IsIn(response)
            ? new HttpObjectRead(body, bytes: null, etag: null, new BrotliBody(body))
            : new HttpObjectRead(body, length, etag: null);
    }

    /// <summary>The address that <see cref="OpenResultsAsync"/> reads.</summary>
    public string ResultsAddress(string taskId) => $"{_root}tasks/{Checked(taskId)}/results";

    /// <summary>Gets a batch with its tasks; null if the API does not know it.</summary>
    /// <param name="submissionId">The submission that asks; submissions take turns.</param>
    /// <param name="id">The batch, well-formed.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<NimbleBatch?> GetBatchAsync(string submissionId, string id, CancellationToken cancellationToken)
    {
        using var response = await GetAsync($"batches/{Checked(id)}", submissionId, cancellationToken);
        return response is null ? null :
            await ReadAsync(
                response, MaxBatchBytes, json => _replies.Note(NimbleJson.ReadBatch(json, id)), cancellationToken);
    }

    /// <summary>Gets the progress of a batch; null if the API does not know it.</summary>
    /// <inheritdoc cref="GetBatchAsync" path="/param"/>
    public async Task<NimbleProgress?> GetProgressAsync(
        string submissionId, string id, CancellationToken cancellationToken)
    {
        using var response = await GetAsync($"batches/{Checked(id)}/progress", submissionId, cancellationToken);
        return response is null ? null :
            await ReadAsync(response, MaxProgressBytes, json => NimbleJson.ReadProgress(json, id), cancellationToken);
    }

    /// <summary>Lists every task that the API knows, page by page; no page if the API has no such list.</summary>
    public IAsyncEnumerable<NimbleList<NimbleTask>> ListTasksAsync(CancellationToken cancellationToken) =>
        ListAsync("tasks", item => _replies.Note(NimbleJson.ReadTask(item)), cancellationToken);

    /// <summary>Lists every batch that the API knows, page by page; no page if the API has no such list.</summary>
    /// <param name="cancellationToken">Stops the listing.</param>
    /// <param name="pageSize">Maximum number of batches in a page.</param>
    public IAsyncEnumerable<NimbleList<NimbleBatch>> ListBatchesAsync(
        CancellationToken cancellationToken, int pageSize = PageSize) =>
        ListAsync("batches", item => _replies.Note(NimbleJson.ReadBatch(item)), cancellationToken, pageSize);

    public void Dispose()
    {
        _budgets.Reads.Dispose();
        _budgets.Posts.Dispose();
    }

    private async Task<PostOutcome> PostAsync(
        string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
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
            var problem = e is OperationCanceledException
                ? $"no answer within {_options.Timeout.TotalSeconds:0.#} s"
                : FaultWords.Of(e);
            outcome = content.Started
                ? new PostOutcome.Unknown($"The answer of {request.RequestUri} was lost: {problem}.", status, taskId)
                : new PostOutcome.Refused(
                    RefusalKind.NotReached, null, $"{request.RequestUri} cannot be reached: {problem}.", null);
        }

        return outcome is PostOutcome.Accepted ? outcome : WithoutSecrets(outcome);
    }

    /// <summary>Sends a GET and returns a 200; null if there is nothing (404, 410) or nothing yet (202, 204).</summary>
    private async Task<HttpResponseMessage?> GetAsync(
        string path, string asker, CancellationToken cancellationToken, bool isList = false)
    {
        var requests = new RetryingHttp(http, _policy, time, logger);
        var response = await requests.SendAsync(
            $"Nimble (GET {path})",
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
            return (int)response.StatusCode is 202 or 204 or 404 or 410
                ? null
                : throw Refused((int)response.StatusCode, path, isList);
        }
    }

    /// <summary>
    /// The error for a refusal. For a task or batch it is transient: the result is paid for, and an operator can
    /// correct key or address. For a list, which is used to test settings, it is permanent.
    /// </summary>
    private PipelineException Refused(int status, string path, bool isList)
    {
        var (reason, message) = status switch
        {
            401 or 403 => (FailureReasons.AccessDenied,
                $"Nimble refuses the API key ({status}). Set NIMBLE_API_KEY to a valid key for "
                    + $"{_options.BaseUrl.Authority}."),
            402 => (FailureReasons.Unavailable,
                "Nimble refuses this account because its credit is used up (402). Top it up."),
            _ => (FailureReasons.InvalidConfiguration,
                $"Nimble answered {status} for {_root}{path}. Check the API's address and version."),
        };
        return isList && status != 402
            ? PipelineException.Permanent(reason, message)
            : PipelineException.Transient(reason, message);
    }

    /// <summary>Reads a reply; one that is unreadable or exceeds the limit is an error.</summary>
    private async Task<T> ReadAsync<T>(
        HttpResponseMessage response, int limit, Func<JsonElement, T?> read, CancellationToken cancellationToken)
        where T : class
    {
        using var allowed = new ReplyTime(_options.Timeout, time, cancellationToken);
        return await NimbleReplies.ReadAsync(_budgets.Reads, response, limit,
            body => NimbleJson.Read(body, json => json is { } root ? read(root) : null), allowed)
            ?? throw Unreadable(response);
    }

    private static PipelineException Unreadable(HttpResponseMessage response) => PipelineException.Transient(
        FailureReasons.Unavailable,
        $"Nimble answered {response.RequestMessage?.RequestUri?.AbsolutePath} with a body that cannot be read.");

    private static string Checked(string id) =>
        TaskIds.IsWellFormed(id) ? id : throw new ArgumentException("Not a well-formed id.", nameof(id));

    private static string Root(NimbleOptions options)
    {
        var root = options.BaseUrl.AbsoluteUri.TrimEnd('/');
        var version = "/" + options.Version;
        return (root.EndsWith(version, StringComparison.Ordinal) ? root : root + version) + "/";
    }

    /// <summary>The key as a header value, without the line break of the file that it may come from.</summary>
    private static string Key(string key) => key.Trim() is var trimmed && trimmed.All(c => c is > ' ' and < (char)127)
        ? trimmed
        : throw PipelineException.Permanent(
            FailureReasons.InvalidConfiguration,
            "NIMBLE_API_KEY has characters that no key has. Set it to the key alone.");

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, _root + path) { Version = HttpVersion.Version11 };
        if (_key.Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        request.Headers.ExpectContinue = false;
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        return request;
    }

    /// <summary>
    /// Removes the API key and the callback token from an outcome, because a refusal may quote the request with them.
    /// </summary>
    private PostOutcome WithoutSecrets(PostOutcome outcome) => outcome switch
    {
        PostOutcome.Accepted accepted => accepted with
        {
            Tasks = _replies.Note(accepted.Tasks),
            Errors = [.. accepted.Errors.Select(e => e with { Message = _secrets.Clean(e.Message) })],
        },
        PostOutcome.Refused refused => refused with
        {
            Message = _secrets.Clean(refused.Message),
            Named = WithoutSecrets(refused.Named),
        },
        PostOutcome.Unknown unknown => unknown with { Message = _secrets.Clean(unknown.Message) },
        _ => outcome,
    };

    // One error may be about all inputs, and cleaning takes time.
    private Dictionary<int, string> WithoutSecrets(IReadOnlyDictionary<int, string> named)
    {
        var clean = named.Values.Distinct().ToDictionary(text => text, _secrets.Clean, StringComparer.Ordinal);
        return named.ToDictionary(n => n.Key, n => clean[n.Value]);
    }
}
