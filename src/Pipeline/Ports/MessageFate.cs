using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>What becomes of a message after its handler has ended. Each host carries it out in the way of its queue.</summary>
internal enum MessageFate
{
    /// <summary>The work is done; the message is deleted.</summary>
    Done,

    /// <summary>The host is stopping; the message is there again at once and no try is counted.</summary>
    GivenBack,

    /// <summary>The pipeline's own store is at fault; the message comes later and no try is counted.</summary>
    WaitsForStore,

    /// <summary>The try counts, and the message is tried again.</summary>
    TriedAgain,

    /// <summary>The ledger is told, and the message goes to the poison queue.</summary>
    GivenUp,
}

/// <summary>The one place that decides about tries, for the host on one machine and for the Functions app.</summary>
internal static class Tries
{
    /// <summary>How often a message is tried; <c>maxDequeueCount</c> in host.json says the same.</summary>
    public const int Max = 5;

    /// <summary>Decides.</summary>
    /// <param name="error">How the handler ended; null for well.</param>
    /// <param name="tries">How often the message has been tried, this time included.</param>
    /// <param name="isStopping">Whether the host is stopping.</param>
    public static MessageFate FateAfter(Exception? error, long tries, bool isStopping) =>
        error switch
        {
            null => MessageFate.Done,
            OperationCanceledException when isStopping => MessageFate.GivenBack,
            PipelineException { IsStoreFault: true } => MessageFate.WaitsForStore,
            PipelineException { IsPermanent: true } => MessageFate.GivenUp,
            _ when tries >= Max => MessageFate.GivenUp,
            _ => MessageFate.TriedAgain,
        };
}
