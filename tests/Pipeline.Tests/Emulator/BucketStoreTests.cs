using System.Text;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Buckets.S3;
using Pipeline.Emulator.Store;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

public sealed class BucketStoreTests : IDisposable
{
    /// <summary>An object of the first size is stored in the index, one of the second in a file.</summary>
    public static readonly TheoryData<int> Sizes = [ObjectUpload.FileBytes - 1, ObjectUpload.FileBytes];

    private static readonly ObjectTraits Plain = new("text/plain");

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task OnlyCommittedObjectsExistAfterAKill(int size)
    {
        // The first store is not disposed, as after a kill.
        var killed = new BucketStore(_folder.Path);
        await killed.EnsureBucketAsync("b");
        await PutAsync(killed, "whole", Text('k', size));
        var cut = killed.BeginUpload();
        await cut.AppendAsync(new MemoryStream(new byte[size]), null, Ct);
        var orphan = Files().SingleOrDefault(f => Path.GetFileName(f) == cut.Generation.ToString());
        if (orphan is not null)
            File.SetLastWriteTimeUtc(orphan, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        await using var store = new BucketStore(_folder.Path);
        Assert.Equal(Text('k', size), Read(store, "whole"));
        Assert.Equal(["whole"], store.List("b", "", "", null, 10).Objects.Select(o => o.Key));
        Assert.Equal(size == ObjectUpload.FileBytes, orphan is not null);
        Assert.False(File.Exists(orphan));
        Assert.True((await PutAsync(store, "next", "x")).Generation > cut.Generation);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task GenerationsGrowAfterARestartEvenIfTheClockGoesBack(int size)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
        long before;
        await using (var first = new BucketStore(_folder.Path, clock))
            before = (await PutAsync(first, "k", Text('1', size))).Generation;
        await using var store = new BucketStore(_folder.Path, new FakeTimeProvider(clock.GetUtcNow().AddDays(-1)));
        Assert.True((await PutAsync(store, "k", Text('2', size))).Generation > before);
        Assert.Equal(Text('2', size), Read(store, "k"));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task AnUploadThatIsNotCommittedLeavesNoFile(int size)
    {
        await using var store = new BucketStore(_folder.Path);
        using (var upload = store.BeginUpload())
            await upload.AppendAsync(new MemoryStream(new byte[size]), null, Ct);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task OnlyLargeObjectsAreStoredInFiles()
    {
        await using var store = new BucketStore(_folder.Path);
        await PutAsync(store, "small", Text('s', ObjectUpload.FileBytes - 1));
        Assert.Empty(Files());
        var large = await PutAsync(store, "large", Text('l', ObjectUpload.FileBytes));
        Assert.Equal([large.Generation.ToString()], Files().Select(Path.GetFileName));
    }

    [Fact]
    public async Task AnOlderFolderWithSmallObjectsInFilesIsRead()
    {
        StoredObject item;
        await using (var now = new BucketStore(_folder.Path))
            item = await PutAsync(now, "k", "old");
        var shard = Directory.CreateDirectory(
            _folder["objects", (item.Generation & 0xFF).ToString("x2")]);
        await using (var database = Database.Open(_folder["index.db"], "DROP TABLE contents"))
            await File.WriteAllTextAsync(Path.Combine(shard.FullName, item.Generation.ToString()), "old", Ct);

        await using var store = new BucketStore(_folder.Path);
        Assert.Equal("old", Read(store, "k"));
        await PutAsync(store, "k", "new");
        Assert.Equal("new", Read(store, "k"));
        Assert.Empty(Files());
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task AReaderKeepsReadingTheVersionItOpened(int size)
    {
        await using var store = new BucketStore(_folder.Path);
        await PutAsync(store, "k", Text('1', size));
        using var replaced = store.OpenRead("b", "k")!.Value.Content;
        await PutAsync(store, "k", Text('2', size));
        using var removed = store.OpenRead("b", "k")!.Value.Content;
        Assert.Equal((true, true), await store.DeleteAsync("b", "k"));
        Assert.Null(store.OpenRead("b", "k"));
        Assert.Equal(Text('1', size), Read(replaced, 0, size));
        Assert.Equal(Text('2', size), Read(removed, 0, size));
        Assert.Empty(Files());
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task AnObjectIsReadFromAnyPosition(int size)
    {
        await using var store = new BucketStore(_folder.Path);
        await PutAsync(store, "k", Text('a', size - 3) + "xyz");
        using var content = store.OpenRead("b", "k")!.Value.Content;
        Assert.Equal("axy", Read(content, size - 4, 3));
        Assert.Equal("z", Read(content, size - 1, 100));
        Assert.Equal("", Read(content, size, 100));
        using var reader = new StreamReader(content.AsStream());
        Assert.Equal(Text('a', size - 3) + "xyz", await reader.ReadToEndAsync(Ct));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task AReplacedOrRemovedObjectLeavesNoBytes(int size)
    {
        await using (var store = new BucketStore(_folder.Path))
        {
            await PutAsync(store, "k", Text('1', size));
            await PutAsync(store, "k", Text('2', ObjectUpload.FileBytes - 1));
            await PutAsync(store, "k", Text('3', size));
            await store.DeleteAsync("b", "k");
        }

        Assert.Empty(Files());
        await using var database = Database.Open(_folder["index.db"], "");
        Assert.Equal(0, database.Read(d => d.Scalar<long>("SELECT count(*) FROM contents")));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task ConcurrentReadersSeeOnlyWholeObjects(int size)
    {
        await using var store = new BucketStore(_folder.Path);
        await PutAsync(store, "k", Text('0', size));
        var writers = Enumerable.Range(1, 4).Select(n => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
                await PutAsync(store, "k", Text((char)('0' + n), size));
        }, Ct)).ToArray();
        while (!Task.WhenAll(writers).IsCompleted)
        {
            var text = Read(store, "k");
            Assert.Equal(size, text.Length);
            Assert.Equal(text, Text(text[0], size));
        }

        await Task.WhenAll(writers);
        Assert.Equal(size < ObjectUpload.FileBytes ? 0 : 1, Files().Count());
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task OnlyOneOfManyConditionalWritersWins(int size)
    {
        await using var store = new BucketStore(_folder.Path);
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            using var upload = store.BeginUpload();
            await upload.AppendAsync(new MemoryStream(Encoding.UTF8.GetBytes(Text((char)('0' + n), size))), null, Ct);
            return await store.CommitAsync(upload, "b", "k", Plain, current => current is null);
        }, Ct)));
        Assert.Single(results, r => r is not null);
        Assert.Equal(size < ObjectUpload.FileBytes ? 0 : 1, Files().Count());
    }

    [Theory]
    [InlineData("bytes=0-0", 0, 1, true, true)]
    [InlineData("bytes=5-", 5, 5, true, true)]
    [InlineData("bytes=-3", 7, 3, true, true)]
    [InlineData("bytes=-99", 0, 10, true, true)]
    [InlineData("bytes=8-99", 8, 2, true, true)]
    [InlineData("bytes=10-", 0, 0, true, false)]
    [InlineData("bytes=-0", 0, 0, true, false)]
    [InlineData("bytes=1-2,4-5", 0, 10, false, true)]
    [InlineData("lines=1-2", 0, 10, false, true)]
    [InlineData("bytes=5-2", 0, 10, false, true)]
    [InlineData("", 0, 10, false, true)]
    public void RangesAreParsedAsInTheClouds(string header, long start, long length, bool partial, bool satisfiable)
    {
        var request = new Microsoft.AspNetCore.Http.DefaultHttpContext().Request;
        request.Headers.Range = header;
        Assert.Equal(new ObjectReply.Slice(start, length, partial, satisfiable), ObjectReply.SliceOf(request, 10));
    }

    [Theory]
    [InlineData("4;chunk-signature=ab\r\nwiki\r\n5\r\npedia\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n", "wikipedia")]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("4\r\nwi", null)]
    [InlineData("4\r\nwikipedia\r\n0\r\n\r\n", null)]
    [InlineData("zz\r\n", null)]
    [InlineData("", null)]
    public async Task AwsChunkedBodiesAreDecodedOrRefused(string body, string? content)
    {
        using var stream = new AwsChunkedStream(new MemoryStream(Encoding.ASCII.GetBytes(body)));
        using var reader = new StreamReader(stream);
        if (content is null)
            await Assert.ThrowsAsync<InvalidDataException>(() => reader.ReadToEndAsync(Ct));
        else
            Assert.Equal(content, await reader.ReadToEndAsync(Ct));
        Assert.Equal(content == "wikipedia" ? "abc=" : null, stream.Trailers.GetValueOrDefault("x-amz-checksum-crc32"));
    }

    private static Task<StoredObject> PutAsync(BucketStore store, string key, string text) =>
        store.PutAsync("b", key, new MemoryStream(Encoding.UTF8.GetBytes(text)), Plain, Ct);

    private static string Text(char letter, int size) => new(letter, size);

    private static string Read(BucketStore store, string key)
    {
        var (item, content) = store.OpenRead("b", key)!.Value;
        using (content)
            return Read(content, 0, (int)item.Bytes);
    }

    private static string Read(ObjectContent content, long position, int length)
    {
        var bytes = new byte[length];
        return Encoding.UTF8.GetString(bytes, 0, content.Read(bytes, position));
    }

    private IEnumerable<string> Files() =>
        Directory.EnumerateFiles(_folder["objects"], "*", SearchOption.AllDirectories);
}
