using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Sweep;

namespace Pipeline.Functions;

/// <summary>
/// Runs a stage on a queue message and handles its errors. An exception that escapes counts as one of the host's tries.
/// After the last try, or at once for a permanent error, it updates the ledger and moves the message to the poison
/// queue. If a service asks to wait, it sends the message again with a delay, within the same number of tries. A
/// message that is interrupted because the host stops does not use up a try.
/// </summary>
internal sealed partial class MessageRunner(
    IWorkQueue queue, ClaimChecks claims, DeadLetterStage deadLetters, TimeProvider time, ILogger<MessageRunner> logger)
{
    /// <summary>Maximum number of tries of a message. Equals <c>maxDequeueCount</c> in host.json.</summary>
    public const int MaxTries = 5;

    private static readonly TimeSpan s_storeWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_shortestWait = TimeSpan.FromSeconds(2);

    /// <summary>Handles one message.</summary>
    /// <param name="name">Name of the queue.</param>
    /// <param name="message">The message.</param>
    /// <param name="limit">
    /// Time limit of the stage. It is shorter than the host's own timeout, so that the error is still reported.
    /// </param>
    /// <param name="stage">The stage.</param>
    /// <param name="stopping">Cancelled when the host stops.</param>
    public async Task RunAsync(
        string name, QueueMessage message, TimeSpan limit, Func<ReadOnlyMemory<byte>, CancellationToken, Task> stage, CancellationToken stopping)
    {
        var envelope = Envelope.Read(name, message.Body);
        var tries = message.DequeueCount + envelope.Requeued;
        using var activity = MessageTrace.Start(name, envelope.TraceParent);
        var body = envelope.Body;
        try
        {
            await WithinAsync(limit, async token => await stage(body = await claims.RedeemAsync(body, token), token), stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            LogReturned(message.MessageId, name);
            await queue.SendAsync(name, [envelope.Body], TimeSpan.Zero, CancellationToken.None);
        }
        catch (PipelineException fault) when (fault.IsStoreFault)
        {
            // A store fault concerns the account or the disk, not the message, so it does not use up a try.
            LogDelayed(message.MessageId, name, s_storeWait.TotalSeconds, tries, fault.Message);
            await queue.SendAsync(name, [envelope.Body], RetryAfter.AtLeast(fault.RetryAfter, s_storeWait), stopping);
        }
        catch (PipelineException problem) when (problem is { IsPermanent: false, RetryAfter: not null } && envelope.CanCount && tries < MaxTries)
        {
            var wait = problem.RetryAfter.AtLeast(s_shortestWait);
            LogDelayed(message.MessageId, name, wait.TotalSeconds, tries, problem.Message);
            await queue.SendAsync(name, [envelope.CountedUp()], wait, stopping);
        }
        catch (Exception error) when (error is PipelineException { IsPermanent: true } || tries >= MaxTries)
        {
            // The ledger is updated here because the function of the poison queue does not know the error.
            LogPoisoned(error is PipelineException ? null : error, message.MessageId, name, tries, error.Message);
            await deadLetters.HandleAsync(name, body, error, CancellationToken.None);
            await queue.SendAsync(name + QueueNames.PoisonSuffix, [envelope.Body], TimeSpan.Zero, CancellationToken.None);
        }
    }

    /// <summary>Runs work with a time limit.</summary>
    /// <exception cref="PipelineException">Transient: the limit was reached.</exception>
    /// <exception cref="OperationCanceledException">The host is stopping.</exception>
    public async Task WithinAsync(TimeSpan limit, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        try
        {
            await work(either.Token);
        }
        catch (OperationCanceledException cut) when (late.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            throw PipelineException.Transient(
                FailureReasons.Unavailable, $"The work did not finish within {limit} and was cancelled.", inner: cut);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Returned message {MessageId} to queue {Queue} because the host is stopping.")]
    private partial void LogReturned(string messageId, string queue);

    [LoggerMessage(Level = LogLevel.Error, Message = "Moving message {MessageId} of queue {Queue} to the poison queue after try {Try}: {Reason}")]
    private partial void LogPoisoned(Exception? error, string messageId, string queue, long @try, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Delaying message {MessageId} of queue {Queue} by {Seconds} s after try {Try}: {Reason}")]
    private partial void LogDelayed(string messageId, string queue, double seconds, long @try, string reason);
}
