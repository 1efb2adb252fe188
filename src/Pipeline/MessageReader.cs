using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Ledger;
using Pipeline.Nimble;
using Pipeline.Ports;

namespace Pipeline;

/// <summary>
/// Reads messages of our own queues and checks every field, since whoever may send to a queue may write anything there.
/// </summary>
internal static class MessageReader
{
    private const int MaxQuoted = 80;
    private const int MaxTraceParent = 64;
    private const int MaxTries = 1_000_000;
    private static readonly DateTimeOffset s_earliest = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A message of <c>submissions</c>.</summary>
    /// <exception cref="PipelineException">Permanent: it is none.</exception>
    public static SubmissionMessage ReadSubmission(ReadOnlyMemory<byte> body)
    {
        var message = Parse(QueueNames.Submissions, body, PipelineJson.Plain.SubmissionMessage);
        if (!SubmissionIds.IsWellFormed(message.SubmissionId))
            throw NotOurs(QueueNames.Submissions, body, "'submission_id' is missing or malformed");
        return message with { TraceParent = Trace(message.TraceParent) };
    }

    /// <summary>A message of <c>results</c>.</summary>
    /// <exception cref="PipelineException">Permanent: it is none.</exception>
    public static ResultMessage ReadResult(ReadOnlyMemory<byte> body)
    {
        var message = Parse(QueueNames.Results, body, PipelineJson.Plain.ResultMessage);
        return Problem(message) is { } problem
            ? throw NotOurs(QueueNames.Results, body, problem)
            : message with { TraceParent = Trace(message.TraceParent) };
    }

    private static string? Problem(ResultMessage message) => message switch
    {
        _ when !SubmissionIds.IsWellFormed(message.SubmissionId) => "'submission_id' is missing or malformed",
        _ when !TaskIds.IsWellFormed(message.TaskId) => "'task_id' is missing or malformed",
        _ when !Enum.IsDefined(message.Learnt) => "'learnt' is unknown",
        _ when message.Since < s_earliest => "'since' is missing or too early",
        _ when message.Tries is < 0 or > MaxTries => "'tries' is out of range",
        _ when message.CopyTries is < 0 or > MaxTries => "'copy_tries' is out of range",
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
            throw NotOurs(queue, body, "it is not the JSON of one", error);
        }
    }

    private static string? Trace(string? traceParent) => traceParent is { Length: <= MaxTraceParent } ? traceParent : null;

    private static PipelineException NotOurs(string queue, ReadOnlyMemory<byte> body, string problem, Exception? inner = null) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"The message is none of queue {queue}: {problem}. Something other than the pipeline sent it: {Quote(body.Span)}",
            inner);

    /// <summary>The beginning of a text that anybody may have written, in printable ASCII.</summary>
    private static string Quote(ReadOnlySpan<byte> body)
    {
        var text = new StringBuilder();
        foreach (var value in body[..Math.Min(body.Length, MaxQuoted)])
            text.Append(value is >= (byte)' ' and < 0x7f ? (char)value : '?');
        return (body.Length > MaxQuoted ? text.Append("...") : text).ToString();
    }
}
