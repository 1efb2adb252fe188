using System.Runtime.CompilerServices;
using Pipeline.IO;

namespace Pipeline.Export.Sources;

/// <summary>
/// Fetches and decompresses the next files of records while one is converted. A limited part of each file is fetched;
/// the rest is read in its turn.
/// </summary>
/// <param name="source">The source. Its files must be readable independently of each other.</param>
/// <param name="files">Number of files to fetch ahead.</param>
/// <param name="bytesPerFile">Maximum number of bytes of each file in memory.</param>
internal sealed class FetchedAhead(IResultSource source, int files = 3, int bytesPerFile = 16 << 20) : IResultSource
{
    /// <inheritdoc/>
    public DateTimeOffset? ClosedAt(string listId) => source.ClosedAt(listId);

    /// <inheritdoc/>
    public bool Takes(ReadOnlySpan<byte> head, bool isRecord) => source.Takes(head, isRecord);

    /// <inheritdoc/>
    public IAsyncEnumerable<ResultFile> OpenFailuresAsync(ExportPlace from, CancellationToken cancellationToken) =>
        source.OpenFailuresAsync(from, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ResultFile> OpenRecordsAsync(
        ExportPlace from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var fetching = new Queue<Task<ResultFile>>();
        await using var left = source.OpenRecordsAsync(from, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            var hasMore = true;
            while (true)
            {
                while (fetching.Count <= files && hasMore && (hasMore = await left.MoveNextAsync()))
                    fetching.Enqueue(FetchAsync(left.Current, stop.Token));
                if (!fetching.TryDequeue(out var next))
                    yield break;
                yield return await next;
            }
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var file in fetching)
                await DropAsync(file);
        }
    }

    private Task<ResultFile> FetchAsync(ResultFile file, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            var head = new MemoryStream();
            try
            {
                var buffer = new byte[64 * 1024];
                for (var read = -1; read != 0 && head.Length < bytesPerFile;)
                {
                    read = await file.Stream.ReadAsync(buffer, cancellationToken);
                    head.Write(buffer, 0, read);
                }
                head.Position = 0;
                return file with { Stream = new Joined(head, file.Stream) };
            }
            catch
            {
                await file.DisposeAsync();
                throw;
            }
        },
        CancellationToken.None);

    /// <summary>Closes a file that is no longer needed.</summary>
    private static async Task DropAsync(Task<ResultFile> file)
    {
        await ((Task)file).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (file.IsCompletedSuccessfully)
            await (await file).DisposeAsync();
    }

    /// <summary>The fetched part of a file, then the rest of it.</summary>
    private sealed class Joined(MemoryStream head, Stream rest) : ForwardStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            head.Position < head.Length
                ? ValueTask.FromResult(head.Read(buffer.Span))
                : rest.ReadAsync(buffer, cancellationToken);

        public override async ValueTask DisposeAsync()
        {
            await rest.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
