using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Pipeline.Functions.Tests.Host.Protocol;

namespace Pipeline.Functions.Tests.Host;

/// <summary>Accepts the streams of workers, one after the other, and keeps their log.</summary>
internal sealed class WorkerConnection : FunctionRpc.FunctionRpcBase
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly Channel<WorkerStream> _connected = Channel.CreateUnbounded<WorkerStream>();

    /// <summary>The log entries of invocations.</summary>
    public ConcurrentQueue<string> Logs { get; } = new();

    /// <summary>The log entries that name no invocation. The genuine host drops them.</summary>
    public ConcurrentQueue<string> Dropped { get; } = new();

    /// <summary>Returns the stream of the next worker that connects.</summary>
    public async Task<WorkerStream> NextAsync()
    {
        using var limit = new CancellationTokenSource(StartTimeout);
        return await _connected.Reader.ReadAsync(limit.Token);
    }

    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream,
        ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken))
            return;
        var stream = new WorkerStream(Log);
        _connected.Writer.TryWrite(stream);
        await stream.RunAsync(requestStream.Current, requestStream, responseStream, context.CancellationToken);
    }

    private void Log(RpcLog line) => (line.InvocationId.Length > 0 ? Logs : Dropped).Enqueue(
        $"{line.Category}: {line.Message} {line.Exception?.Message}");
}
