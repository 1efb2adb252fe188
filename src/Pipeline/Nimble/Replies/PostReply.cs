using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Nimble.Replies;

/// <summary>Reads the answer to a POST.</summary>
internal static class PostReply
{
    private static readonly string[] MessageFields = ["msg", "message", "error", "details"];

    /// <summary>Determines what the answer proves.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The body; null if it could not be read.</param>
    /// <param name="headerTaskId">The <c>x-task-id</c> header.</param>
    /// <param name="retryAfter">The wait that it asks for.</param>
    public static PostOutcome Interpret(
        int status, ReadOnlyMemory<byte>? body, string? headerTaskId, TimeSpan? retryAfter) =>
        NimbleJson.Read(body, json => Interpret(status, json, headerTaskId, retryAfter));

    private static PostOutcome Interpret(int status, JsonElement? json, string? headerTaskId, TimeSpan? retryAfter)
    {
        if (KindOf(status) is { } kind)
        {
            var concernsAll = false;
            var named = json is { } refusal ? RefusedInputs.Read(refusal, out concernsAll) : null;
            // A refusal of the content may concern a single input; a refusal of address or method concerns all.
            concernsAll |= status is not (400 or 413 or 422);
            var refused = new PostOutcome.Refused(
                kind, status, Message(status, json), retryAfter) { ConcernsAll = concernsAll };
            return named is null ? refused : refused with { Named = named };
        }

        var taskId = headerTaskId is not null && TaskIds.IsWellFormed(headerTaskId) ? headerTaskId : null;
        if (status is < 200 or > 299)
            return new PostOutcome.Unknown(
                Message(status, json), status, (json is { } error ? NimbleJson.Id(error, "task_id") : null) ?? taskId);
        if (json is not { ValueKind: JsonValueKind.Object } accepted)
            return new PostOutcome.Unknown(
                $"Nimble answered {status} with a body that is not valid JSON.", status, taskId);
        return ReadAccepted(accepted) is { } outcome
            ? outcome
            : new PostOutcome.Unknown(
                $"Nimble answered {status} without naming a batch or a task: {Message(status, json)}", status, taskId);
    }

    private static PostOutcome.Accepted? ReadAccepted(JsonElement json)
    {
        json = NimbleJson.Unwrap(json, "batch");
        var batchId = NimbleJson.Id(json, "batch_id");
        var tasks = NimbleJson.ReadTasks(json);
        if (tasks.Count > 0
            || (batchId is not null && NimbleJson.Member(json, "task") is null
                && NimbleJson.Member(json, "task_id") is null))
            return new(batchId, tasks) { Errors = InputErrors.Read(json) };
        return NimbleJson.ReadTask(json) is { } task ? new(task.BatchId ?? batchId, [task]) : null;
    }

    /// <summary>Only these statuses prove that nothing was accepted.</summary>
    private static RefusalKind? KindOf(int status) => status switch
    {
        400 or 404 or 405 or 411 or 413 or 414 or 415 or 422 or 431 => RefusalKind.Content,
        401 or 403 => RefusalKind.Credentials,
        402 => RefusalKind.Budget,
        429 => RefusalKind.RateLimit,
        _ => null,
    };

    private static string Message(int status, JsonElement? body)
    {
        var text = body is { } json ? WordsOf(json) : "";
        return text.Length == 0 ? $"Nimble answered {status}." : $"Nimble answered {status}: {text}";
    }

    /// <summary>The text of an error, possibly with secrets; empty if there is none.</summary>
    internal static string WordsOf(JsonElement error) =>
        string.Join(
            " ",
            MessageFields.Select(name => NimbleJson.Text(error, name)).Where(t => t is { Length: > 0 }).Distinct());
}
