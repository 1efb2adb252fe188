using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Tests.Contracts;

/// <summary>What <see cref="IObjectStore"/> promises.</summary>
public abstract class ObjectStoreContract : PortContract<IObjectStore>
{
    /// <summary>An empty prefix that ends in a slash.</summary>
    protected abstract ObjectUri Root { get; }

    /// <summary>
    /// Number of objects to list: more than one page of the store's listing, if that does not take too long.
    /// </summary>
    protected virtual int ManyObjects => 25;

    [Fact]
    public void TheSchemesAreLowerCaseAndCoverTheRoot()
    {
        Assert.Contains(Root.Scheme, Port.Schemes);
        Assert.All(Port.Schemes, scheme => Assert.Equal(scheme.ToLower(CultureInfo.InvariantCulture), scheme));
    }

    [Fact]
    public async Task AMissingObjectIsNull()
    {
        Assert.Null(await Port.OpenAsync(Root.Append("none.json"), Token));
        Assert.Null(await Port.OpenAsync(Root.Append("no-folder/none.json"), Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(6_000_000)]
    public async Task AnObjectIsReadByteForByte(int bytes)
    {
        var content = RandomNumberGenerator.GetBytes(bytes);
        await WriteAsync("object.bin", content);

        await using var read = await Port.OpenAsync(Root.Append("object.bin"), Token);

        Assert.NotNull(read);
        Assert.Equal(bytes, read.Bytes ?? bytes);
        Assert.Equal(content, await ReadAsync(read));
        Assert.Equal(0, await read.Body.ReadAsync(new byte[1], Token));
    }

    [Theory]
    [InlineData("plain.json")]
    [InlineData("a/deep/er/key.json.gz")]
    [InlineData("space and+plus%20percent")]
    [InlineData("question?hash#amp&=;")]
    [InlineData("ünïcode-日本-😀")]
    public async Task AKeyIsUsedUnchanged(string key)
    {
        await WriteAsync(key, "text"u8.ToArray());

        Assert.Equal("text", await ReadTextAsync(key));
        Assert.Equal([Root.Append(key)], await ListAsync(Root));
    }

    [Fact]
    public async Task StoredBytesAreNeverDecompressed()
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write("{\"a\":1}"u8);
        await WriteAsync("result.json.gz", zipped.ToArray());

        await using var read = await Port.OpenAsync(Root.Append("result.json.gz"), Token);

        Assert.Equal(zipped.ToArray(), await ReadAsync(read!));
    }

    [Fact]
    public async Task AWriteReplacesTheWholeObject()
    {
        await WriteAsync("object", Encoding.UTF8.GetBytes(new string('a', 1000)));

        await WriteAsync("object", "b"u8.ToArray());

        Assert.Equal("b", await ReadTextAsync("object"));
    }

    [Fact]
    public async Task AReaderSeesOneWholeVersion()
    {
        var (old, young) = (new string('a', 200_000), new string('b', 100_000));
        await WriteAsync("object", Encoding.UTF8.GetBytes(old));
        await using var read = await Port.OpenAsync(Root.Append("object"), Token);

        await WriteAsync("object", Encoding.UTF8.GetBytes(young));

        Assert.Equal(old, Encoding.UTF8.GetString(await ReadAsync(read!)));
        Assert.Equal(young, await ReadTextAsync("object"));
    }

    [Fact]
    public async Task AFailedWriteLeavesTheOldObject()
    {
        await WriteAsync("old", "old"u8.ToArray());

        foreach (var key in new[] { "old", "new" })
        {
            using var broken = new BrokenStream(100_000);
            await Assert.ThrowsAnyAsync<Exception>(() => Port.WriteAsync(Root.Append(key), broken, Token));
        }

        Assert.Equal("old", await ReadTextAsync("old"));
        Assert.Null(await Port.OpenAsync(Root.Append("new"), Token));
        Assert.Equal([Root.Append("old")], await ListAsync(Root));
    }

    [Fact]
    public async Task AListingHasExactlyTheObjectsUnderThePrefix()
    {
        foreach (var key
            in new[]
            {
                "list/sub-1/a.json",
                "list/sub-1/b.json",
                "list/sub-10/c.json",
                "list/sub-2/d.json",
                "list-2/e.json",
                "list" + "x",
            })
            await WriteAsync(key, "{}"u8.ToArray());

        Assert.Equal(["list/sub-1/a.json", "list/sub-1/b.json"], await KeysAsync("list/sub-1/"));
        Assert.Equal(["list/sub-1/a.json", "list/sub-1/b.json", "list/sub-10/c.json"], await KeysAsync("list/sub-1"));
        Assert.Equal(["list/sub-1/a.json"], await KeysAsync("list/sub-1/a"));
        Assert.Empty(await KeysAsync("list/sub-3/"));
        Assert.Empty(await KeysAsync("list/sub-1/a.json/"));
        Assert.Equal(6, (await KeysAsync("")).Count);
    }

    [Fact]
    public async Task AListingHasSizesAndAllPages()
    {
        for (var i = 0; i < ManyObjects; i++)
            await WriteAsync($"many/{i}", new byte[i % 7]);

        var found = await Port.ListAsync(Root.Append("many/"), Token).ToListAsync(Token);

        Assert.Equal(
            Enumerable.Range(0, ManyObjects)
                .Select(i => new ObjectInfo(Root.Append($"many/{i}"), i % 7))
                .OrderBy(info => info.Uri.Key, StringComparer.Ordinal),
            found.OrderBy(info => info.Uri.Key, StringComparer.Ordinal));
    }

    [Fact]
    public async Task WritesSurviveACrash()
    {
        await WriteAsync("object", "text"u8.ToArray());

        await CrashAsync();

        Assert.Equal("text", await ReadTextAsync("object"));
    }

    private static async Task<byte[]> ReadAsync(ObjectRead read)
    {
        using var bytes = new MemoryStream();
        await read.Body.CopyToAsync(bytes, Token);
        return bytes.ToArray();
    }

    private async Task<string> ReadTextAsync(string key)
    {
        await using var read = await Port.OpenAsync(Root.Append(key), Token);
        return Encoding.UTF8.GetString(await ReadAsync(read!));
    }

    private Task WriteAsync(string key, byte[] content) =>
        Port.WriteAsync(Root.Append(key), new MemoryStream(content), Token);

    private async Task<List<ObjectUri>> ListAsync(ObjectUri prefix) =>
        [.. (await Port.ListAsync(prefix, Token).ToListAsync(Token)).Select(info => info.Uri)];

    private async Task<List<string>> KeysAsync(string prefix) =>
        [
            .. (await ListAsync(Root.Append(prefix)))
                .Select(uri => uri.Key[Root.Key.Length..])
                .Order(StringComparer.Ordinal)];

    private sealed class BrokenStream(int bytes) : MemoryStream(new byte[bytes])
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            Position < Length / 2 ? base.Read(buffer, offset, count / 2) : throw new IOException("cut");

        public override int Read(Span<byte> buffer) => throw new IOException("cut");

        public override Task<int> ReadAsync(
            byte[] buffer, int offset, int count,
            CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position >= Length / 2)
                throw new IOException("cut");
            return new(base.Read(buffer.Span[..(buffer.Length / 2)]));
        }
    }
}
