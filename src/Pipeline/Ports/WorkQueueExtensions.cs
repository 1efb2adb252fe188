using System.Diagnostics;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>Sends typed messages. Adds the current trace to a message without one.</summary>
internal static class WorkQueueExtensions
{
    public static Task SendAsync(
        this IWorkQueue queue, SubmissionMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendAsync(QueueNames.Submissions, [Serialize(message)], delay, cancellationToken);

    public static Task SendAsync(
        this IWorkQueue queue, ResultMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendAsync(QueueNames.Results, [Serialize(message)], delay, cancellationToken);

    public static Task SendAsync(
        this IWorkQueue queue, NotificationMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendAsync(QueueNames.Notifications, message, delay, cancellationToken);

    /// <summary>Sends an event to a queue of notifications, such as their poison queue.</summary>
    public static Task SendAsync(
        this IWorkQueue queue, string name, NotificationMessage message, TimeSpan delay,
        CancellationToken cancellationToken) =>
        queue.SendAsync(name, [Serialize(message)], delay, cancellationToken);

    /// <summary>Sends tasks of one submission in as few messages as possible.</summary>
    public static Task SendAsync(
        this IWorkQueue queue, string submissionId, IEnumerable<string> taskIds, DiscoveredBy discoveredBy,
        DateTimeOffset since, CancellationToken cancellationToken) =>
        queue.SendAsync(
            QueueNames.Results,
            [
                .. taskIds.Chunk(ResultMessage.MaxTasks).Select(ids => Serialize(
                    new ResultMessage(
                        submissionId, ids[0], discoveredBy, since, Others: ids.Length > 1 ? ids[1..] : null))),
            ],
            TimeSpan.Zero,
            cancellationToken);

    private static ReadOnlyMemory<byte> Serialize(SubmissionMessage message) => JsonSerializer.SerializeToUtf8Bytes(
        message with { TraceParent = message.TraceParent ?? CurrentTrace }, PipelineJson.Plain.SubmissionMessage);

    private static ReadOnlyMemory<byte> Serialize(ResultMessage message) => JsonSerializer.SerializeToUtf8Bytes(
        message with { TraceParent = message.TraceParent ?? CurrentTrace }, PipelineJson.Plain.ResultMessage);

    private static ReadOnlyMemory<byte> Serialize(NotificationMessage message) => JsonSerializer.SerializeToUtf8Bytes(
        message with { TraceParent = message.TraceParent ?? CurrentTrace }, PipelineJson.Plain.NotificationMessage);

    private static string? CurrentTrace =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null;
}
