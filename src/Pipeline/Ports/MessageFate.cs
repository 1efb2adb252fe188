using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>
/// What happens to a message after its handler has ended. Each host implements it for its kind of queue.
/// </summary>
internal enum MessageFate
{
    /// <summary>The work is done. The message is deleted.</summary>
    Done,

    /// <summary>The host is stopping. The message is delivered again at once, and the attempt does not count.</summary>
    Released,

    /// <summary>
    /// The pipeline's own store failed. The message is delivered again later, and the attempt does not count.
    /// </summary>
    WaitsForStore,

    /// <summary>The attempt counts, and the message is delivered again.</summary>
    Retried,

    /// <summary>The ledger is updated, and the message goes to the poison queue.</summary>
    DeadLettered,
}

/// <summary>Decides about the attempts of a message, for the host on one machine and for the Functions app.</summary>
internal static class Tries
{
    /// <summary>Maximum number of attempts of a message. Equals <c>maxDequeueCount</c> in host.json.</summary>
    public const int Max = 5;

    /// <summary>Decides what happens to a message.</summary>
    /// <param name="error">The error of the handler; null if it succeeded.</param>
    /// <param name="tries">Number of attempts, including this one.</param>
    /// <param name="isStopping">Whether the host is stopping.</param>
    public static MessageFate FateAfter(Exception? error, long tries, bool isStopping) =>
        error switch
        {
            null => MessageFate.Done,
            OperationCanceledException when isStopping => MessageFate.Released,
            PipelineException { IsStoreFault: true } => MessageFate.WaitsForStore,
            PipelineException { IsPermanent: true } => MessageFate.DeadLettered,
            _ when tries >= Max => MessageFate.DeadLettered,
            _ => MessageFate.Retried,
        };
}
