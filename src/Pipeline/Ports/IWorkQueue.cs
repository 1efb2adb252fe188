using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>
/// Sends work from one stage to the next.
/// </summary>
/// <remarks>
/// Contract: after a send returns, its messages survive a crash of the process. Each message is delivered at least
/// once, in any order. A message that keeps failing moves to <c>{queue}-poison</c>. A send that throws may have sent
/// some of its messages: the caller repeats it, and receivers tolerate duplicates. The port has no receive: the
/// Functions host or <c>LocalRunner</c> receives messages.
/// </remarks>
public interface IWorkQueue
{
    /// <summary>
    /// Maximum delay of a message: seven days. Longer delays are shortened to it, so a receiver that must not act
    /// earlier checks the time itself.
    /// </summary>
    static readonly TimeSpan MaxDelay = TimeSpan.FromDays(7);

    /// <summary>Limits a delay to the range from zero to <see cref="MaxDelay"/>.</summary>
    internal static TimeSpan Bound(TimeSpan delay) => delay < TimeSpan.Zero ? TimeSpan.Zero : delay < MaxDelay ? delay : MaxDelay;

    /// <summary>Sends messages to one queue.</summary>
    /// <param name="queue">One of <see cref="QueueNames"/>.</param>
    /// <param name="messages">The bodies: JSON in UTF-8.</param>
    /// <param name="delay">
    /// How long the messages stay invisible. Zero delivers at once; the maximum is <see cref="MaxDelay"/>.
    /// </param>
    /// <param name="cancellationToken">Stops sending. Messages already sent stay sent.</param>
    /// <exception cref="PipelineException">Transient: the queue is unavailable.</exception>
    Task SendAsync(string queue, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan delay, CancellationToken cancellationToken);
}
