using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Pipeline.Delivery;
using Pipeline.Diagnostics;
using Pipeline.Model;

namespace Pipeline.Callback;

/// <summary>The answer to a webhook; the value is the HTTP status.</summary>
internal enum CallbackAnswer
{
    /// <summary>The webhook is accepted, even if it reports nothing new.</summary>
    Accepted = 202,

    /// <summary>The body is not a webhook's.</summary>
    Malformed = 400,

    /// <summary>The token is not valid for this submission.</summary>
    Unauthorized = 401,

    /// <summary>The body did not arrive within <see cref="CallbackBodyReader.Limit"/>.</summary>
    TooSlow = 408,

    /// <summary>
    /// The body is larger than <see cref="CallbackBodyReader.MaxBytes"/>, or has more task ids than
    /// <see cref="CallbackLimits.MaxIds"/>.
    /// </summary>
    TooLarge = 413,

    /// <summary>
    /// The webhook exceeds a limit of <see cref="CallbackLimits"/>; nothing was queued. The answer carries
    /// <c>Retry-After: </c><see cref="CallbackStage.RetryAfter"/>.
    /// </summary>
    TooMany = 429,
}

/// <summary>
/// Handles a webhook: checks the token in the path, queues the task ids as hints, and answers. Collect finds out
/// whether a task belongs to the submission, whether it is finished, and what its result is. Webhooks that come
/// together share queue messages; each is answered once its own ids are queued.
/// </summary>
internal sealed partial class CallbackStage(
    CallbackTokens tokens, CallbackLimits limits, CallbackBodyReader reader, HintGatherer hints,
    ILogger<CallbackStage> logger)
{
    /// <summary>The route of the callback URL, relative to the host's root.</summary>
    public const string Route = "api/callbacks/{submission}/{token}";

    /// <summary>The <c>Retry-After</c> of <see cref="CallbackAnswer.TooMany"/>, in seconds.</summary>
    public const string RetryAfter = "5";

    /// <summary>Handles one webhook.</summary>
    /// <param name="submissionId">The submission's id in the path.</param>
    /// <param name="token">The token in the path.</param>
    /// <param name="body">The request body. Read only if the token is valid.</param>
    /// <param name="cancellationToken">Cancelled when the request is aborted.</param>
    /// <exception cref="PipelineException">Transient: the queue is unavailable.</exception>
    public async Task<CallbackAnswer> HandleAsync(
        string submissionId, string token, Stream body, CancellationToken cancellationToken)
    {
        // The caller must not choose the trace that the work belongs to.
        Activity.Current = null;
        var answer = await AnswerAsync(submissionId, token, body, cancellationToken);
        PipelineMetrics.CountWebhook(answer.ToString());
        return answer;
    }

    private async Task<CallbackAnswer> AnswerAsync(
        string submissionId, string token, Stream body, CancellationToken cancellationToken)
    {
        if (!tokens.Verify(submissionId, token))
        {
            if (!limits.AdmitsWrong())
                return CallbackAnswer.TooMany;
            LogWrongToken();
            return CallbackAnswer.Unauthorized;
        }

        // Charge one id before the body is read, and the rest once their number is known.
        if (!limits.Admits(submissionId, 1))
        {
            LogTooMany(submissionId);
            return CallbackAnswer.TooMany;
        }

        return await ListTrace.RunAsync(
            "process webhook", ActivityKind.Server, SubmissionIds.Traced(submissionId),
            () => ReadAsync(submissionId, body, cancellationToken));
    }

    private async Task<CallbackAnswer> ReadAsync(string submissionId, Stream body, CancellationToken cancellationToken)
    {
        using var read = await reader.ReadAsync(body, cancellationToken);
        return read.Body is null ? read.Answer : await QueueAsync(submissionId, read.Body.Written, cancellationToken);
    }

    private async Task<CallbackAnswer> QueueAsync(
        string submissionId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (CallbackBody.ReadTaskIds(body) is not { } taskIds)
        {
            LogMalformed(submissionId, body.Length);
            return CallbackAnswer.Malformed;
        }

        if (taskIds.Count > limits.MaxIds)
            return CallbackAnswer.TooLarge;
        if (taskIds.Count > 1 && !limits.Admits(submissionId, taskIds.Count - 1))
        {
            LogTooMany(submissionId);
            return CallbackAnswer.TooMany;
        }

        CrashPoint.Pass("callback.after-verification");
        if (taskIds.Count > 0)
            await hints.AddAsync(submissionId, taskIds, cancellationToken);
        CrashPoint.Pass("callback.after-enqueue");
        return CallbackAnswer.Accepted;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused a webhook with a wrong token.")]
    private partial void LogWrongToken();

    [LoggerMessage(
        Level = LogLevel.Debug,
        Message = "Webhook for {SubmissionId} exceeds the rate limit. Sweep will find its results.")]
    private partial void LogTooMany(string submissionId);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Refused a webhook for {SubmissionId} with a malformed body of {Bytes} bytes.")]
    private partial void LogMalformed(string submissionId, int bytes);
}
