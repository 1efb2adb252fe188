using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Sweep;

namespace Pipeline.Functions;

/// <summary>
/// Runs a stage on a queue message and decides by how it ends. What escapes counts as one of the host's tries. After the last one, or at once for
/// an error that no other try can cure, the ledger is told and the message goes to the poison queue. A wait that another side asked for is a
/// message for later, within the same number of tries; being stopped is no try at all.
/// </summary>
internal sealed partial class MessageRunner(
    IWorkQueue queue, ClaimChecks claims, DeadLetterStage deadLetters, TimeProvider time, ILogger<MessageRunner> logger)
{
    /// <summary>How often a message is tried; <c>maxDequeueCount</c> in host.json.</summary>
    public const int MaxTries = 5;

    private static readonly TimeSpan s_storeWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_shortestWait = TimeSpan.FromSeconds(2);

    /// <summary>Handles one message.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="message">The message.</param>
    /// <param name="limit">How long the stage may take; below the host's own time-out, so that what was going on is still told.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="stopping">The host is stopping.</param>
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
            LogGivenBack(message.MessageId, name);
            await queue.SendAsync(name, [envelope.Body], TimeSpan.Zero, CancellationToken.None);
        }
        catch (PipelineException fault) when (fault.IsStoreFault)
        {
            // The account's or the disk's fault is no try of the message.
            LogPutOff(message.MessageId, name, s_storeWait.TotalSeconds, tries, fault.Message);
            await queue.SendAsync(name, [envelope.Body], RetryAfter.AtLeast(fault.RetryAfter, s_storeWait), stopping);
        }
        catch (PipelineException problem) when (problem is { IsPermanent: false, RetryAfter: not null } && envelope.CanCount && tries < MaxTries)
        {
            var wait = problem.RetryAfter.AtLeast(s_shortestWait);
            LogPutOff(message.MessageId, name, wait.TotalSeconds, tries, problem.Message);
            await queue.SendAsync(name, [envelope.CountedUp()], wait, stopping);
        }
        catch (Exception error) when (error is PipelineException { IsPermanent: true } || tries >= MaxTries)
        {
            // The poison queue's function no longer knows the cause, so the ledger is told here.
            LogGivenUp(error is PipelineException ? null : error, message.MessageId, name, tries, error.Message);
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
            throw PipelineException.Transient(FailureReasons.Unavailable, $"It was not done within {limit} and was cut off.", inner: cut);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Message {MessageId} of queue {Queue} is given back, since the host is stopping.")]
    private partial void LogGivenBack(string messageId, string queue);

    [LoggerMessage(Level = LogLevel.Error, Message = "Message {MessageId} of queue {Queue} goes to the poison queue after try {Try}: {Reason}")]
    private partial void LogGivenUp(Exception? error, string messageId, string queue, long @try, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Message {MessageId} of queue {Queue} is put off for {Seconds} s after try {Try}: {Reason}")]
    private partial void LogPutOff(string messageId, string queue, double seconds, long @try, string reason);
}
