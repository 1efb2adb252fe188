using Microsoft.Extensions.Logging;
using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline.Callback;

/// <summary>What a webhook is answered.</summary>
internal enum CallbackAnswer
{
    /// <summary>Taken; also when it says nothing new.</summary>
    Accepted = 202,

    /// <summary>Not a webhook's body.</summary>
    Malformed = 400,

    /// <summary>The token is not one of ours for this submission.</summary>
    Unauthorized = 401,

    /// <summary>The body did not come within <see cref="CallbackBodyReader.Limit"/>.</summary>
    TooSlow = 408,

    /// <summary>The body is larger than <see cref="CallbackBodyReader.MaxBytes"/>, or names more tasks than any submission has.</summary>
    TooLarge = 413,

    /// <summary>Over a limit of <see cref="CallbackOptions"/>; nothing was taken. The answer carries <c>Retry-After: </c><see cref="CallbackStage.RetryAfter"/>.</summary>
    TooMany = 429,
}

/// <summary>
/// Takes a webhook: checks the token in the path, takes the task ids as hints, queues them, answers. Whether a task belongs, is finished,
/// and what its result is, Collect finds out by itself. Webhooks of a burst share messages; each is answered when its own hints are queued.
/// </summary>
internal sealed partial class CallbackStage(
    CallbackTokens tokens, CallbackLimits limits, CallbackBodyReader reader, IWorkQueue queue, TimeProvider time, ILogger<CallbackStage> logger)
{
    /// <summary>The route below the host's root, as Nimble is told.</summary>
    public const string Route = "api/callbacks/{submission}/{token}";

    /// <summary>The <c>Retry-After</c> of <see cref="CallbackAnswer.TooMany"/>, seconds.</summary>
    public const string RetryAfter = "5";

    private readonly Gathering<string, Hint> _hints = new(ResultMessage.MaxTasks, (submissionId, hints) => queue.SendAsync(
        submissionId, hints.SelectMany(hint => hint.TaskIds).Distinct(StringComparer.Ordinal), Learnt.Webhook, hints[0].HeardAt, CancellationToken.None));

    /// <summary>Handles one webhook.</summary>
    /// <param name="submissionId">From the path.</param>
    /// <param name="token">From the path.</param>
    /// <param name="body">The request's body; read only when the token is right.</param>
    /// <param name="cancellationToken">The request's.</param>
    public async Task<CallbackAnswer> HandleAsync(string submissionId, string token, Stream body, CancellationToken cancellationToken)
    {
        if (!tokens.Verify(submissionId, token))
        {
            if (!limits.AdmitsWrong())
                return CallbackAnswer.TooMany;
            LogWrongToken();
            return CallbackAnswer.Unauthorized;
        }

        // One for the webhook itself, before its body is read; the others when they are known.
        if (!limits.Admits(submissionId, 1))
        {
            LogTooMany(submissionId);
            return CallbackAnswer.TooMany;
        }

        using var read = await reader.ReadAsync(body, cancellationToken);
        return read.Body is null ? read.Answer : await TakeAsync(submissionId, read.Body.Written, cancellationToken);
    }

    private async Task<CallbackAnswer> TakeAsync(string submissionId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
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
            await _hints.AddAsync(submissionId, new(taskIds, time.GetUtcNow()), cancellationToken);
        CrashPoint.Pass("callback.after-enqueue");
        return CallbackAnswer.Accepted;
    }

    private sealed record Hint(IReadOnlyCollection<string> TaskIds, DateTimeOffset HeardAt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A webhook with a wrong token was refused.")]
    private partial void LogWrongToken();

    [LoggerMessage(Level = LogLevel.Debug, Message = "A webhook for {SubmissionId} was over the limit and is left to Sweep.")]
    private partial void LogTooMany(string submissionId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A webhook for {SubmissionId} with a malformed body of {Bytes} bytes was refused.")]
    private partial void LogMalformed(string submissionId, int bytes);
}
