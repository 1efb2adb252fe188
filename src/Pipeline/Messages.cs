using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Emit;
using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline;

/// <summary>A message on queue <c>submissions</c>: post this submission.</summary>
/// <param name="SubmissionId">The submission.</param>
/// <param name="TraceParent">The W3C trace that the message belongs to; storage queues carry no headers for it.</param>
public sealed record SubmissionMessage(string SubmissionId, string? TraceParent = null);

/// <summary>A message on queue <c>results</c>: the results of one or more tasks may be ready.</summary>
/// <param name="SubmissionId">The submission.</param>
/// <param name="TaskId">The task id, well-formed.</param>
/// <param name="Learnt">Who reported the task.</param>
/// <param name="Since">When the task was first reported, UTC; deadlines count from here.</param>
/// <param name="Tries">How often Collect has postponed the message.</param>
/// <param name="TraceParent">The W3C trace that the message belongs to.</param>
/// <param name="Others">
/// More tasks of the same submission; null for none. They share a message but succeed or fail independently: a task
/// that cannot be collected is postponed in a message of its own.
/// </param>
/// <param name="CopyTries">
/// How often the API's copy was still unfinished after the object's deadline; null for never.
/// </param>
public sealed record ResultMessage(
    string SubmissionId, string TaskId, Learnt Learnt, DateTimeOffset Since, int Tries = 0, string? TraceParent = null,
    IReadOnlyList<string>? Others = null, int? CopyTries = null)
{
    /// <summary>
    /// Maximum number of tasks in one message: enough to make the cost of the queue small, few enough that one message
    /// does not occupy a worker for long.
    /// </summary>
    internal const int MaxTasks = 32;

    /// <summary>Splits the message into one message per task.</summary>
    internal IEnumerable<ResultMessage> Each() =>
        (Others ?? []).Prepend(TaskId).Select(task => this with { TaskId = task, Others = null });
}

/// <summary>
/// JSON of messages, failures, manifests and the ledger: snake_case, without nulls, source-generated.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    MaxDepth = MaxDepth,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(SubmissionMessage))]
[JsonSerializable(typeof(ResultMessage))]
[JsonSerializable(typeof(Failure))]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, JsonElement>))]
internal sealed partial class PipelineJson : JsonSerializerContext
{
    /// <summary>
    /// Maximum nesting of JSON. Intake accepts items of up to 64 levels; failures and messages wrap them in further
    /// objects, which every reader and writer must still accept.
    /// </summary>
    public const int MaxDepth = 256;

    /// <summary>Options for parsing JSON that Intake has accepted.</summary>
    public static readonly JsonDocumentOptions Documents = new() { MaxDepth = MaxDepth };

    /// <summary>
    /// Escapes only what JSON requires, because people read the output; the default encoder escapes even quotes and
    /// plus signs as \uXXXX.
    /// </summary>
    public static PipelineJson Plain =>
        _plain ??= new(new JsonSerializerOptions(Default.Options) { Encoder = MinimalJsonEncoder.Instance });

    private static PipelineJson? _plain;
}

/// <summary>Writes times in the format of <see cref="UtcTime"/>.</summary>
internal sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => UtcTime.WriteValue(writer, value);
}

/// <summary>Typed sends. A message without a trace gets the current one.</summary>
internal static class WorkQueueExtensions
{
    public static Task SendAsync(
        this IWorkQueue queue, SubmissionMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendAsync(QueueNames.Submissions, [Serialize(message)], delay, cancellationToken);

    public static Task SendAsync(this IWorkQueue queue, ResultMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendAsync(QueueNames.Results, [Serialize(message)], delay, cancellationToken);

    /// <summary>Reports tasks of one submission, in as few messages as possible.</summary>
    public static Task SendAsync(
        this IWorkQueue queue, string submissionId, IEnumerable<string> taskIds, Learnt learnt, DateTimeOffset since, CancellationToken cancellationToken) =>
        queue.SendAsync(
            QueueNames.Results,
            [
                .. taskIds.Chunk(ResultMessage.MaxTasks).Select(ids => Serialize(
                    new ResultMessage(submissionId, ids[0], learnt, since, Others: ids.Length > 1 ? ids[1..] : null))),
            ],
            TimeSpan.Zero,
            cancellationToken);

    private static ReadOnlyMemory<byte> Serialize(SubmissionMessage message) => JsonSerializer.SerializeToUtf8Bytes(
        message with { TraceParent = message.TraceParent ?? CurrentTrace }, PipelineJson.Plain.SubmissionMessage);

    private static ReadOnlyMemory<byte> Serialize(ResultMessage message) => JsonSerializer.SerializeToUtf8Bytes(
        message with { TraceParent = message.TraceParent ?? CurrentTrace }, PipelineJson.Plain.ResultMessage);

    private static string? CurrentTrace => Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null;
}
