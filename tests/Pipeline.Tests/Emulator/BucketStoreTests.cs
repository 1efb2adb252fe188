using System.Text;
using Pipeline.Emulator.Buckets;

namespace Pipeline.Tests.Emulator;

public sealed class BucketStoreTests : IDisposable
{
    private static readonly ObjectTraits Plain = new("text/plain");

    private readonly string _folder = Directory.CreateTempSubdirectory("store-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task WhatWasCommittedIsThereAfterAKillAndWhatWasNotIsGone()
    {
        // Nothing of the first store is disposed: that is what a kill leaves.
        var killed = new BucketStore(_folder);
        await killed.EnsureBucketAsync("b");
        await PutAsync(killed, "whole", "kept");
        var cut = killed.BeginUpload();
        await cut.AppendAsync(new MemoryStream(new byte[1000]), null, Ct);
        var orphan = Directory.EnumerateFiles(Path.Combine(_folder, "objects"), cut.Generation.ToString(), SearchOption.AllDirectories).Single();
        File.SetLastWriteTimeUtc(orphan, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        await using var store = new BucketStore(_folder);
        Assert.Equal("kept", Read(store, "whole"));
        Assert.Equal(["whole"], store.List("b", "", "", null, 10).Objects.Select(o => o.Key));
        Assert.False(File.Exists(orphan));
        Assert.True((await PutAsync(store, "next", "x")).Generation > cut.Generation);
    }

    [Fact]
    public async Task AnUploadThatIsNotCommittedLeavesNoFile()
    {
        await using var store = new BucketStore(_folder);
        using (var upload = store.BeginUpload())
            await upload.AppendAsync(new MemoryStream([1]), null, Ct);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task AReaderGoesOnReadingTheVersionItOpened()
    {
        await using var store = new BucketStore(_folder);
        await PutAsync(store, "k", "old");
        var open = store.OpenRead("b", "k")!.Value;
        using var file = open.File;
        await PutAsync(store, "k", "new");
        Assert.Equal("new", Read(store, "k"));
        var bytes = new byte[10];
        Assert.Equal("old", Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0)));
        Assert.Single(Files());
    }

    [Fact]
    public async Task WritersAndReadersOfOneKeySeeOnlyWholeObjects()
    {
        await using var store = new BucketStore(_folder);
        await PutAsync(store, "k", new string('0', 5000));
        var writers = Enumerable.Range(1, 4).Select(n => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
                await PutAsync(store, "k", new string((char)('0' + n), 5000));
        }, Ct)).ToArray();
        while (!Task.WhenAll(writers).IsCompleted)
        {
            var text = Read(store, "k");
            Assert.Equal(5000, text.Length);
            Assert.Equal(text, new string(text[0], 5000));
        }

        await Task.WhenAll(writers);
        Assert.Single(Files());
    }

    [Fact]
    public async Task OnlyOneOfManyConditionalWritersWins()
    {
        await using var store = new BucketStore(_folder);
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            using var upload = store.BeginUpload();
            await upload.AppendAsync(new MemoryStream([(byte)n]), null, Ct);
            return await store.CommitAsync(upload, "b", "k", Plain, current => current is null);
        }, Ct)));
        Assert.Single(results, r => r is not null);
        Assert.Single(Files());
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
    public void RangesAreReadAsTheCloudsReadThem(string header, long start, long length, bool partial, bool satisfiable)
    {
        var request = new Microsoft.AspNetCore.Http.DefaultHttpContext().Request;
        request.Headers.Range = header;
        Assert.Equal(new ObjectBody.Slice(start, length, partial, satisfiable), ObjectBody.SliceOf(request, 10));
    }

    [Theory]
    [InlineData("4;chunk-signature=ab\r\nwiki\r\n5\r\npedia\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n", "wikipedia")]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("4\r\nwi", null)]
    [InlineData("4\r\nwikipedia\r\n0\r\n\r\n", null)]
    [InlineData("zz\r\n", null)]
    [InlineData("", null)]
    public async Task AwsChunkedBodiesAreTakenApartOrRefused(string body, string? content)
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

    private static string Read(BucketStore store, string key)
    {
        var open = store.OpenRead("b", key)!.Value;
        using var file = open.File;
        var bytes = new byte[open.Object.Bytes];
        Assert.Equal(bytes.Length, RandomAccess.Read(file, bytes, 0));
        return Encoding.UTF8.GetString(bytes);
    }

    private IEnumerable<string> Files() => Directory.EnumerateFiles(Path.Combine(_folder, "objects"), "*", SearchOption.AllDirectories);
}
