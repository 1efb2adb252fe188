using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;
using Pipeline.Hosting;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Sweep;

namespace Pipeline.Functions.Messages;

/// <summary>
/// Runs a stage on a queue message and settles the message as <see cref="Tries"/> decides. An error that escapes counts
/// as one of the host's attempts. If a service asks to wait, it sends the message again with a delay, and the message
/// carries the number of its attempts.
/// </summary>
internal sealed partial class MessageRunner(
    IWorkQueue queue, ClaimChecks claims, LateMessages late, DeadLetterStage deadLetters, TimeProvider time,
    ILogger<MessageRunner> logger)
{
    private static readonly TimeSpan StoreWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(2);

    /// <summary>Handles one message.</summary>
    /// <param name="name">Name of the queue.</param>
    /// <param name="message">The message.</param>
    /// <param name="limit">
    /// Time limit of the stage. It is shorter than the host's own timeout, so that the error is still reported.
    /// </param>
    /// <param name="stage">The stage.</param>
    /// <param name="stopping">Cancelled when the host stops.</param>
    public async Task RunAsync(
        string name, QueueMessage message, TimeSpan limit, Func<ReadOnlyMemory<byte>, CancellationToken, Task> stage,
        CancellationToken stopping)
    {
        var envelope = Envelope.Read(name, message.Body);
        var held = new HeldMessage(name, message.MessageId, envelope, message.DequeueCount + envelope.Requeued);
        var body = envelope.Body;
        try
        {
            await WithinAsync(
                limit,
                async token => await late.RunAsync(
                    name, body = await claims.RedeemAsync(body, token), stage, token),
                stopping);
        }
        catch (Exception error)
        {
            if (!await SettleAsync(held, body, error, stopping))
                throw;
        }
    }

    /// <summary>Settles a message whose stage failed.</summary>
    /// <returns>
    /// False if the error must escape. The host then counts an attempt and delivers the message again.
    /// </returns>
    private async Task<bool> SettleAsync(
        HeldMessage held, ReadOnlyMemory<byte> body, Exception error, CancellationToken stopping)
    {
        var (name, id, envelope, tries) = held;
        switch (Tries.FateAfter(error, tries, stopping.IsCancellationRequested))
        {
            case MessageFate.Released:
                LogReturned(id, name);
                await SendAsync(name, envelope.Body, TimeSpan.Zero, CancellationToken.None);
                return true;
            case MessageFate.WaitsForStore:
                await DelayAsync(held, envelope.Body, StoreWait, (PipelineException)error, stopping);
                return true;
            case MessageFate.Retried when error is PipelineException { RetryAfter: not null } transient
                && envelope.CanCount:
                await DelayAsync(held, envelope.CountedUp(), ShortestWait, transient, stopping);
                return true;
            case MessageFate.DeadLettered:
                // The ledger is updated here because the function of the poison queue does not know the error.
                LogPoisoned(error is PipelineException ? null : error, id, name, tries, error.Message);
                await deadLetters.HandleAsync(name, body, error, CancellationToken.None);
                await SendAsync(name + QueueNames.PoisonSuffix, envelope.Body, TimeSpan.Zero, CancellationToken.None);
                return true;
            default:
                return false;
        }
    }

    private Task DelayAsync(
        HeldMessage held,
        ReadOnlyMemory<byte> body,
        TimeSpan shortest,
        PipelineException problem,
        CancellationToken stopping)
    {
        var wait = problem.RetryAfter.AtLeast(shortest);
        LogDelayed(held.Id, held.Queue, wait.TotalSeconds, held.Tries, problem.Message);
        return SendAsync(held.Queue, body, wait, stopping);
    }

    private Task SendAsync(
        string name, ReadOnlyMemory<byte> body, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendAsync(name, [body], delay, cancellationToken);

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

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Returned message {MessageId} to queue {Queue} because the host is stopping.")]
    private partial void LogReturned(string messageId, string queue);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Moving message {MessageId} of queue {Queue} to the poison queue (attempt {Try}): {Reason}")]
    private partial void LogPoisoned(Exception? error, string messageId, string queue, long @try, string reason);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Delaying message {MessageId} of queue {Queue} by {Seconds} s (attempt {Try}): {Reason}")]
    private partial void LogDelayed(string messageId, string queue, double seconds, long @try, string reason);

    private sealed record HeldMessage(string Queue, string Id, Envelope Envelope, long Tries);
}
