using System.Text.Json.Serialization;

namespace Pipeline.Model;

/// <summary>A message on queue <c>submissions</c>: post this submission.</summary>
/// <param name="SubmissionId">The submission.</param>
/// <param name="TraceParent">The W3C trace that the message belongs to; storage queues carry no headers for it.</param>
internal sealed record SubmissionMessage(string SubmissionId, string? TraceParent = null);

/// <summary>A message on queue <c>results</c>: the results of one or more tasks may be ready.</summary>
/// <param name="SubmissionId">The submission.</param>
/// <param name="TaskId">The task id, well-formed.</param>
/// <param name="DiscoveredBy">Who reported the task.</param>
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
/// <param name="Rounds">
/// How often the message used up its deliveries because its workers ended; null for never.
/// </param>
internal sealed record ResultMessage(
    string SubmissionId,
    string TaskId,
    [property: JsonPropertyName("learnt")] DiscoveredBy DiscoveredBy,
    DateTimeOffset Since,
    int Tries = 0,
    string? TraceParent = null,
    IReadOnlyList<string>? Others = null,
    int? CopyTries = null,
    int? Rounds = null)
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

/// <summary>A message on queue <c>notifications</c>: POST this event to the receiver.</summary>
/// <param name="Id">The event's id, by which the receiver recognizes a duplicate.</param>
/// <param name="Event">The body of the POST, so that each attempt sends the same bytes.</param>
/// <param name="Since">When the event was queued, UTC; it is given up a day later.</param>
/// <param name="Tries">Number of failed attempts.</param>
/// <param name="Error">What the last attempt failed with; null before the first failure.</param>
/// <param name="TraceParent">The W3C trace that the message belongs to.</param>
internal sealed record NotificationMessage(
    string Id, string Event, DateTimeOffset Since, int Tries = 0, string? Error = null, string? TraceParent = null);
