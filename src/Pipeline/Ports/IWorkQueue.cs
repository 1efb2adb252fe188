using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>
/// Sends work from one stage to the next.
/// </summary>
/// <remarks>
/// Contract: after a send returns, its messages survive a crash of the process. Each message is delivered at least
/// once, in any order. A message that keeps failing moves to <c>{queue}-poison</c>. A send that throws may have sent
/// some of its messages: the caller repeats it, and receivers tolerate duplicates. The port has no receive: the
/// Functions host or <c>QueueHost</c> receives messages.
/// </remarks>
public interface IWorkQueue
{
    /// <summary>Sends messages to one queue.</summary>
    /// <param name="queue">One of <see cref="QueueNames"/>.</param>
    /// <param name="messages">The bodies: JSON in UTF-8.</param>
    /// <param name="delay">
    /// How long the messages stay invisible. Zero delivers at once. A queue that cannot hold a message that long
    /// delivers it earlier, so a receiver that must not act before a time checks the time itself.
    /// </param>
    /// <param name="cancellationToken">Stops sending. Messages already sent stay sent.</param>
    /// <exception cref="PipelineException">Transient: the queue is unavailable.</exception>
    Task SendAsync(
        string queue, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan delay,
        CancellationToken cancellationToken);
}
