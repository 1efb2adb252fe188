using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Pipeline.Functions.Tests.Host.Protocol;

namespace Pipeline.Functions.Tests.Host;

/// <summary>The host's side of the stream to one worker. When the worker ends, whatever waits for it fails.</summary>
internal sealed class WorkerStream(Action<RpcLog> log)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(2);

    private readonly Channel<StreamingMessage> _toWorker = Channel.CreateUnbounded<StreamingMessage>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> _waiting = new();
    private int _requests;
    private bool _hasEnded;

    /// <summary>Ends the stream.</summary>
    public void Close() => _toWorker.Writer.TryComplete();

    /// <summary>Sends a message that has no answer.</summary>
    public void Send(StreamingMessage message) => _toWorker.Writer.TryWrite(message);

    /// <summary>Sends a message and waits for its answer.</summary>
    /// <exception cref="WorkerEndedException">The worker ended first.</exception>
    public async Task<StreamingMessage> AskAsync(StreamingMessage message)
    {
        message.RequestId = $"request-{Interlocked.Increment(ref _requests)}";
        var answer = _waiting.GetOrAdd(message.RequestId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        Send(message);
        if (Volatile.Read(ref _hasEnded))
            answer.TrySetException(new WorkerEndedException());
        return await answer.Task.WaitAsync(AnswerTimeout);
    }

    /// <summary>Exchanges messages until the worker ends.</summary>
    /// <param name="first">The worker's first message, which was read already.</param>
    /// <param name="fromWorker">The further messages of the worker.</param>
    /// <param name="toWorker">Takes the host's messages.</param>
    /// <param name="cancellationToken">Cancelled when the connection breaks.</param>
    public async Task RunAsync(
        StreamingMessage first, IAsyncStreamReader<StreamingMessage> fromWorker,
        IServerStreamWriter<StreamingMessage> toWorker, CancellationToken cancellationToken)
    {
        var sending = SendAllAsync(toWorker, cancellationToken);
        try
        {
            Receive(first);
            await foreach (var message in fromWorker.ReadAllAsync(cancellationToken))
                Receive(message);
        }
        catch (Exception cut) when (cut is OperationCanceledException or IOException)
        {
            // The worker disconnected.
        }
        Close();
        Volatile.Write(ref _hasEnded, true);
        foreach (var answer in _waiting.Values)
            answer.TrySetException(new WorkerEndedException());
        await ((Task)sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Receive(StreamingMessage message)
    {
        if (message.ContentCase == StreamingMessage.ContentOneofCase.RpcLog)
            log(message.RpcLog);
        else if (_waiting.TryRemove(message.RequestId, out var answer))
            answer.TrySetResult(message);
    }

    private async Task SendAllAsync(IServerStreamWriter<StreamingMessage> worker, CancellationToken cancellationToken)
    {
        await foreach (var message in _toWorker.Reader.ReadAllAsync(cancellationToken))
            await worker.WriteAsync(message, cancellationToken);
    }
}

/// <summary>The worker ended before it answered.</summary>
internal sealed class WorkerEndedException() : Exception("The worker ended before it answered.");
