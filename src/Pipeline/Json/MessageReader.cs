using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Model;

namespace Pipeline.Json;

/// <summary>
/// Parses messages from the pipeline's own queues and validates every field: anyone with send rights can write anything
/// into a queue.
/// </summary>
internal static class MessageReader
{
    private const int MaxQuotedBytes = 80;
    private const int MaxTraceParent = 64;
    private const int MaxEventId = 64;
    private const int MaxTries = 1_000_000;
    private static readonly DateTimeOffset Earliest = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Parses a message from queue <c>submissions</c>.</summary>
    /// <exception cref="PipelineException">Permanent: the body is not such a message.</exception>
    public static SubmissionMessage ReadSubmission(ReadOnlyMemory<byte> body)
    {
        var message = Parse(QueueNames.Submissions, body, PipelineJson.Plain.SubmissionMessage);
        if (!SubmissionIds.IsWellFormed(message.SubmissionId))
            throw NotOurs(QueueNames.Submissions, body, "'submission_id' is missing or malformed");
        return message with { TraceParent = Trace(message.TraceParent) };
    }

    /// <summary>Parses a message from queue <c>results</c>.</summary>
    /// <exception cref="PipelineException">Permanent: the body is not such a message.</exception>
    public static ResultMessage ReadResult(ReadOnlyMemory<byte> body)
    {
        var message = Parse(QueueNames.Results, body, PipelineJson.Plain.ResultMessage);
        return FindProblem(message) is { } problem
            ? throw NotOurs(QueueNames.Results, body, problem)
            : message with { TraceParent = Trace(message.TraceParent) };
    }

    /// <summary>Parses a message from queue <c>notifications</c>. Its id becomes a header.</summary>
    /// <exception cref="PipelineException">Permanent: the body is not such a message.</exception>
    public static NotificationMessage ReadNotification(ReadOnlyMemory<byte> body)
    {
        var message = Parse(QueueNames.Notifications, body, PipelineJson.Plain.NotificationMessage);
        return FindProblem(message) is { } problem
            ? throw NotOurs(QueueNames.Notifications, body, problem)
            : message with { TraceParent = Trace(message.TraceParent) };
    }

    private static string? FindProblem(NotificationMessage message) => message switch
    {
        { Id: not { Length: > 0 and <= MaxEventId } } => "'id' is missing or too long",
        { Id: { } id } when !id.All(char.IsAsciiLetterOrDigit) => "'id' is malformed",
        { Event: not { Length: > 0 } } => "'event' is missing",
        _ when message.Since < Earliest => "'since' is missing or too early",
        _ when message.Tries is < 0 or > MaxTries => "'tries' is out of range",
        _ => null,
    };

    private static string? FindProblem(ResultMessage message) => message switch
    {
        _ when !SubmissionIds.IsWellFormed(message.SubmissionId) => "'submission_id' is missing or malformed",
        _ when !TaskIds.IsWellFormed(message.TaskId) => "'task_id' is missing or malformed",
        _ when !Enum.IsDefined(message.DiscoveredBy) => "'learnt' is unknown",
        _ when message.Since < Earliest => "'since' is missing or too early",
        _ when message.Tries is < 0 or > MaxTries => "'tries' is out of range",
        _ when message.CopyTries is < 0 or > MaxTries => "'copy_tries' is out of range",
        _ when message.Rounds is < 0 or > MaxTries => "'rounds' is out of range",
        { Others.Count: >= ResultMessage.MaxTasks } => $"it names more than {ResultMessage.MaxTasks} tasks",
        { Others: { } others } when !others.All(TaskIds.IsWellFormed) => "'others' has a malformed task id",
        _ => null,
    };

    private static T Parse<T>(string queue, ReadOnlyMemory<byte> body, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body.Span, type) ?? throw NotOurs(queue, body, "it is null");
        }
        catch (JsonException error)
        {
            throw NotOurs(queue, body, "it is not valid JSON, or a field has the wrong type", error);
        }
    }

    private static string? Trace(string? traceParent) =>
        traceParent is { Length: <= MaxTraceParent } ? traceParent : null;

    private static PipelineException NotOurs(
        string queue, ReadOnlyMemory<byte> body, string problem, Exception? inner = null) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"Queue {queue} holds a message that the pipeline did not send: {problem}. It begins: {Quote(body.Span)}",
            inner);

    /// <summary>The start of an untrusted body as printable ASCII; other bytes become question marks.</summary>
    private static string Quote(ReadOnlySpan<byte> body)
    {
        var text = new StringBuilder();
        foreach (var value in body[..Math.Min(body.Length, MaxQuotedBytes)])
            text.Append(value is >= (byte)' ' and < 0x7f ? (char)value : '?');
        return (body.Length > MaxQuotedBytes ? text.Append("...") : text).ToString();
    }
}
