using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Tests.Support;

/// <summary>An object store in memory for <c>s3://</c>.</summary>
public sealed class MemoryObjectStore : IObjectStore
{
    private readonly ConcurrentDictionary<ObjectUri, byte[]> _objects = new();

    public IReadOnlyList<string> Schemes { get; } = ["s3"];

    /// <summary>Runs while an object is opened.</summary>
    public Func<Task> Meanwhile { get; set; } = () => Task.CompletedTask;

    /// <summary>Exception that listings throw; null for none.</summary>
    public Func<PipelineException?> FailList { get; set; } = () => null;

    public async Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        await Meanwhile();
        return _objects.TryGetValue(uri, out var bytes) ? new Read(bytes) : null;
    }

    public async Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await content.CopyToAsync(bytes, cancellationToken);
        _objects[uri] = bytes.ToArray();
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectUri prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        if (FailList() is { } failure)
            throw failure;
        foreach (var (uri, bytes)
            in _objects.Where(item => item.Key.Bucket == prefix.Bucket
                && item.Key.Key.StartsWith(prefix.Key, StringComparison.Ordinal)))
            yield return new(uri, bytes.Length);
    }

    private sealed class Read(byte[] bytes) : ObjectRead
    {
        public override Stream Body { get; } = new MemoryStream(bytes);

        public override long? Bytes => bytes.Length;

        public override string? ETag => null;

        public override ValueTask DisposeAsync() => Body.DisposeAsync();
    }
}
