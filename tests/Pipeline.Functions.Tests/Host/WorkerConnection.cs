using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Pipeline.Functions.Tests.Host.Protocol;

namespace Pipeline.Functions.Tests.Host;

/// <summary>The host's side of the stream to the worker.</summary>
internal sealed class WorkerConnection : FunctionRpc.FunctionRpcBase
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    private readonly Channel<StreamingMessage> _toWorker = Channel.CreateUnbounded<StreamingMessage>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> _waiting = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _requests;

    /// <summary>The log entries that the worker sent to the host.</summary>
    public ConcurrentQueue<string> Logs { get; } = new();

    public Task WaitForWorkerAsync() => _started.Task.WaitAsync(AnswerTimeout);

    public void Close() => _toWorker.Writer.TryComplete();

    /// <summary>Sends a message that has no answer.</summary>
    public void Send(StreamingMessage message) => _toWorker.Writer.TryWrite(message);

    /// <summary>Sends a message and waits for its answer.</summary>
    public async Task<StreamingMessage> AskAsync(StreamingMessage message)
    {
        message.RequestId = $"request-{Interlocked.Increment(ref _requests)}";
        var answer = _waiting.GetOrAdd(message.RequestId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        Send(message);
        return await answer.Task.WaitAsync(AnswerTimeout);
    }

    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream,
        ServerCallContext context)
    {
        var sending = SendAllAsync(responseStream);
        try
        {
            await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
                Receive(message);
        }
        catch (Exception cut) when (cut is OperationCanceledException or IOException)
        {
            // The worker disconnected.
        }
        Close();
        await sending;
    }

    private void Receive(StreamingMessage message)
    {
        switch (message.ContentCase)
        {
            case StreamingMessage.ContentOneofCase.StartStream:
                _started.TrySetResult();
                break;
            case StreamingMessage.ContentOneofCase.RpcLog:
                // The genuine host drops a line that names no invocation.
                if (message.RpcLog.InvocationId.Length == 0)
                    break;
                Logs.Enqueue(
                    $"{message.RpcLog.Category}: {message.RpcLog.Message} {message.RpcLog.Exception?.Message}");
                break;
            default:
                if (_waiting.TryRemove(message.RequestId, out var answer))
                    answer.TrySetResult(message);
                break;
        }
    }

    private async Task SendAllAsync(IServerStreamWriter<StreamingMessage> worker)
    {
        await foreach (var message in _toWorker.Reader.ReadAllAsync(CancellationToken.None))
            await worker.WriteAsync(message, CancellationToken.None);
    }
}
