using System.Runtime.CompilerServices;
using System.Text;
using Pipeline.Export.Sources;
using Pipeline.IO;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Export;

/// <summary>The next files are fetched while one is converted. Order, errors and limits do not change.</summary>
public sealed class FetchedAheadTests
{
    private readonly List<OneFile> _opened = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheNextFilesAreFetchedWhileOneIsConvertedAndComeInTheirOrder()
    {
        var read = new List<string>();
        await foreach (var file in Open(Files(10), ahead: 2))
            await using (file)
            {
                // The next two are open although nobody has read them yet.
                await Patience.UntilAsync(() => _opened.Count >= Math.Min(10, read.Count + 3));
                foreach (var next in _opened.Skip(read.Count + 1).Take(2))
                    await next.Ended.WaitAsync(TimeSpan.FromMinutes(1), Token);
                Assert.InRange(_opened.Count, 0, read.Count + 3);
                read.Add(await TextAsync(file));
            }

        Assert.Equal(Enumerable.Range(0, 10).Select(n => $"content of {n}"), read);
        Assert.All(_opened, file => Assert.True(file.IsDisposed));
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task OfALongFileOnlyItsBeginningIsHeld()
    {
        var files = new[] { "a", new string('b', 1 << 20) };
        var read = new List<int>();
        await foreach (var file in Open(files, bytesPerFile: 1000))
            await using (file)
            {
                Assert.InRange(_opened[^1].Position, 0, read.Count == 2 ? int.MaxValue : 100_000);
                read.Add((await TextAsync(file)).Length);
            }

        Assert.Equal([1, 1 << 20], read);
    }

    [Fact]
    public async Task AFileThatCannotBeReadFailsInItsTurnAndAllAreClosed()
    {
        var read = new List<string>();

        await Assert.ThrowsAsync<IOException>(async () =>
        {
            await foreach (var file in Open(["0", "1", OneFile.Broken, "3", "4"]))
                await using (file)
                    read.Add(await TextAsync(file));
        });

        Assert.Equal(["0", "1"], read);
        Assert.All(_opened, file => Assert.True(file.IsDisposed));
    }

    [Fact]
    public async Task AReaderThatStopsEarlyLeavesNothingOpen()
    {
        await foreach (var file in Open(Files(10)))
        {
            await file.DisposeAsync();
            break;
        }

        Assert.All(_opened, file => Assert.True(file.IsDisposed));
    }

    private static IEnumerable<string> Files(int count) => Enumerable.Range(0, count).Select(n => $"content of {n}");

    private IAsyncEnumerable<ResultFile> Open(
        IEnumerable<string> files, int ahead = 3, int bytesPerFile = 1 << 20) =>
        new FetchedAhead(new Source(files, _opened), ahead, bytesPerFile).OpenRecordsAsync(ExportPlace.Start, Token);

    private static async Task<string> TextAsync(ResultFile file) =>
        await new StreamReader(file.Stream).ReadToEndAsync(Token);

    private sealed class Source(IEnumerable<string> files, List<OneFile> opened) : IResultSource
    {
        public DateTimeOffset? ClosedAt(string listId) => null;

        public bool Takes(ReadOnlySpan<byte> head, bool isRecord) => true;

        public async IAsyncEnumerable<ResultFile> OpenRecordsAsync(
            ExportPlace from, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (var text in files)
            {
                await Task.Yield();
                opened.Add(new(text));
                yield return new($"{opened.Count}", opened[^1]);
            }
        }

        public IAsyncEnumerable<ResultFile> OpenFailuresAsync(
            ExportPlace from, CancellationToken cancellationToken) =>
            AsyncEnumerable.Empty<ResultFile>();
    }

    private sealed class OneFile(string text) : ForwardStream
    {
        public const string Broken = "broken";

        private readonly MemoryStream _bytes = new(Encoding.UTF8.GetBytes(text));
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public bool IsDisposed { get; private set; }

        public override long Position { get => _bytes.Position; set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            if (text == Broken)
                throw new IOException("The connection broke.");
            var read = _bytes.Read(buffer.Span);
            if (read == 0)
                _ended.TrySetResult();
            return read;
        }

        public override ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return base.DisposeAsync();
        }
    }
}
