using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Emit;
using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline;

/// <summary>A message on <c>submissions</c>: post this one.</summary>
/// <param name="SubmissionId">The submission.</param>
/// <param name="TraceParent">The trace it belongs to (W3C), since storage queues carry none.</param>
public sealed record SubmissionMessage(string SubmissionId, string? TraceParent = null);

/// <summary>A message on <c>results</c>: the result of this task may be there, and of others that were heard of with it.</summary>
/// <param name="SubmissionId">The submission.</param>
/// <param name="TaskId">The task, of the documented form.</param>
/// <param name="Learnt">Who says so.</param>
/// <param name="Since">When it was first said; deadlines count from here.</param>
/// <param name="Tries">How often Collect has put it off so far.</param>
/// <param name="TraceParent">The trace it belongs to.</param>
/// <param name="Others">More tasks of the submission of which the same is said; null for none. They share a message, not a fate: what cannot be done for one is put off for that one.</param>
/// <param name="CopyTries">How often the API's copy was found unfinished after the object's deadline; null for never.</param>
public sealed record ResultMessage(
    string SubmissionId, string TaskId, Learnt Learnt, DateTimeOffset Since, int Tries = 0, string? TraceParent = null, IReadOnlyList<string>? Others = null,
    int? CopyTries = null)
{
    /// <summary>How many tasks share a message at most: enough that sending and receiving weigh little, few enough that one worker is not kept long.</summary>
    internal const int MaxTasks = 32;

    /// <summary>A message for each task.</summary>
    internal IEnumerable<ResultMessage> Each() => (Others ?? []).Select(other => this with { TaskId = other, Others = null }).Prepend(this with { Others = null });
}

/// <summary>The JSON of messages, failures, manifests and ledger: snake_case, nulls left out, source-generated.</summary>
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
    /// How deep JSON may be nested here. Intake takes 64 levels of an item; failures and messages put it inside objects of their own,
    /// and must never be deeper than what reads or writes them.
    /// </summary>
    public const int MaxDepth = 256;

    /// <summary>For parsing what Intake has taken.</summary>
    public static readonly JsonDocumentOptions Documents = new() { MaxDepth = MaxDepth };

    /// <summary>Escapes only what JSON demands: people read these, and the default escapes even quotes and plus signs as \uXXXX.</summary>
    public static PipelineJson Plain => _plain ??= new(new JsonSerializerOptions(Default.Options) { Encoder = MinimalJsonEncoder.Instance });

    private static PipelineJson? _plain;
}

/// <summary>Times as <see cref="UtcTime"/> writes them.</summary>
internal sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => UtcTime.WriteValue(writer, value);
}

/// <summary>Typed sends. A message that names no trace gets the one it is sent in.</summary>
internal static class WorkQueueExtensions
{
    public static Task SendAsync(this IWorkQueue queue, SubmissionMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendAsync(QueueNames.Submissions, [JsonSerializer.SerializeToUtf8Bytes(message with { TraceParent = message.TraceParent ?? CurrentTrace }, PipelineJson.Plain.SubmissionMessage)], delay, cancellationToken);

    public static Task SendAsync(this IWorkQueue queue, ResultMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendAsync(QueueNames.Results, [Serialize(message)], delay, cancellationToken);

    /// <summary>Says the same of tasks of one submission, in as few messages as it takes.</summary>
    public static Task SendAsync(
        this IWorkQueue queue, string submissionId, IEnumerable<string> taskIds, Learnt learnt, DateTimeOffset since, CancellationToken cancellationToken) =>
        queue.SendAsync(
            QueueNames.Results,
            [.. taskIds.Chunk(ResultMessage.MaxTasks).Select(ids => Serialize(new(submissionId, ids[0], learnt, since, Others: ids.Length > 1 ? ids[1..] : null)))],
            TimeSpan.Zero,
            cancellationToken);

    private static ReadOnlyMemory<byte> Serialize(ResultMessage message) =>
        JsonSerializer.SerializeToUtf8Bytes(message with { TraceParent = message.TraceParent ?? CurrentTrace }, PipelineJson.Plain.ResultMessage);

    private static string? CurrentTrace => Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null;
}
