using System.Diagnostics;

namespace Pipeline.Functions;

/// <summary>
/// Ties the handling of a message to the work that sent it. Storage queues carry no trace context, so it travels inside our messages; it becomes a link and not
/// the parent, since one trace of a million URLs would be of use to nobody.
/// </summary>
internal static class MessageTrace
{
    /// <summary>The name of the source.</summary>
    public const string SourceName = "Pipeline.Functions";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Starts the activity of handling one message, below the host's own; null when nobody listens.</summary>
    /// <param name="queue">The queue it came from.</param>
    /// <param name="traceParent">The W3C trace context in the message; null, or not well-formed, gives no link.</param>
    public static Activity? Start(string queue, string? traceParent)
    {
        var links = ActivityContext.TryParse(traceParent, null, isRemote: true, out var sender) ? new[] { new ActivityLink(sender) } : null;
        return Source.StartActivity(
            $"process {queue}",
            ActivityKind.Consumer,
            Activity.Current?.Context ?? default,
            tags: [new("messaging.system", "azure_storage_queues"), new("messaging.destination.name", queue)],
            links);
    }
}
