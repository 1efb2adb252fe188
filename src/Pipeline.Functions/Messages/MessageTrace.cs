using System.Diagnostics;

namespace Pipeline.Functions.Messages;

/// <summary>
/// Links the handling of a message to the trace of its sender. Storage queues have no field for a trace context, so the
/// message carries it. It becomes a link and not the parent, because a trace of a million URLs would be useless.
/// </summary>
internal static class MessageTrace
{
    /// <summary>Name of the activity source.</summary>
    public const string SourceName = "Pipeline.Functions";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>
    /// Starts the activity for one message, as a child of the host's. Returns null if there is no listener.
    /// </summary>
    /// <param name="queue">Name of the queue.</param>
    /// <param name="traceParent">
    /// The W3C trace context in the message. No link is added if it is null or malformed.
    /// </param>
    public static Activity? Start(string queue, string? traceParent)
    {
        var links = ActivityContext.TryParse(traceParent, null, isRemote: true, out var sender)
            ? new[] { new ActivityLink(sender) }
            : null;
        return Source.StartActivity(
            $"process {queue}",
            ActivityKind.Consumer,
            Activity.Current?.Context ?? default,
            tags: [new("messaging.system", "azure_storage_queues"), new("messaging.destination.name", queue)],
            links);
    }
}
