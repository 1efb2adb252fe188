using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text.Json;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Sample;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work.Results;

/// <summary>
/// Creates results without fetching pages, for load tests. There are only a few pages, escaped and compressed once.
/// Each result is assembled from one of them and its task's own fields, so thousands a second cost little and the test
/// measures the client.
/// </summary>
/// <param name="bytes">The length of a page, in bytes.</param>
internal sealed class CannedResults(int bytes)
{
    private const long MaxTotalBytes = 16 << 20;

    private readonly Lazy<CannedPage>[] _pages =
    [
        .. Enumerable.Range(0, (int)Math.Clamp(MaxTotalBytes / bytes, 1, 64))
            .Select(n => new Lazy<CannedPage>(() => new(n, bytes))),
    ];

    /// <summary>The result document of a task.</summary>
    public MemoryStream Open(TaskRow task)
    {
        var (before, page, after) = Parts(task);
        return Join(before, page.Escaped, after);
    }

    /// <summary>The result document of a task, as gzip.</summary>
    public MemoryStream OpenGzip(TaskRow task)
    {
        var (before, page, after) = Parts(task);
        var crc = new Crc32();
        crc.Append(before);
        crc.Append(page.Escaped);
        crc.Append(after);
        // The header of RFC 1952: deflate, no flags, no time, fastest compression, unknown system.
        byte[] header = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 255];
        return Join(
            header,
            Stored(before, isLast: false),
            page.Deflated,
            Stored(after, isLast: true),
            LittleEndian(crc.GetCurrentHashAsUInt32()),
            LittleEndian((uint)(before.Length + page.Escaped.Length + after.Length)));
    }

    private (byte[] Before, CannedPage Page, byte[] After) Parts(TaskRow task)
    {
        var input = TaskInput.Of(task);
        var number = (int)(task.Seq % _pages.Length);
        var html = new FetchedPage(
            new(input.Url), StatusCodes.Status200OK, "text/html; charset=utf-8",
            input is { IsHtmlOnly: true } ? [] : GeneratedPage.Build(number, bytes));
        using var document = new MemoryStream();
        ResultDocument.Write(document, task, input, html, task.CreatedAt, TimeSpan.FromMilliseconds(task.Seq % 1000));
        var text = document.ToArray();
        if (!input.IsHtmlOnly)
            return (text, CannedPage.Empty, []);
        // Strings cannot contain this text, because their quotes are escaped. So it is the member itself.
        var at = text.AsSpan().IndexOf("\"html\":\"\""u8) + "\"html\":\""u8.Length;
        return (text[..at], _pages[number].Value, text[at..]);
    }

    private static MemoryStream Join(params ReadOnlySpan<byte[]> parts)
    {
        var joined = new MemoryStream();
        foreach (var part in parts)
            joined.Write(part);
        joined.Position = 0;
        return joined;
    }

    /// <summary>Writes bytes as stored blocks of deflate, which are not compressed.</summary>
    private static byte[] Stored(byte[] content, bool isLast)
    {
        using var blocks = new MemoryStream();
        Span<byte> lengths = stackalloc byte[4];
        var rest = content.AsSpan();
        do
        {
            var length = Math.Min(rest.Length, ushort.MaxValue);
            blocks.WriteByte((byte)(isLast && length == rest.Length ? 1 : 0));
            BinaryPrimitives.WriteUInt16LittleEndian(lengths, (ushort)length);
            BinaryPrimitives.WriteUInt16LittleEndian(lengths[2..], (ushort)~length);
            blocks.Write(lengths);
            blocks.Write(rest[..length]);
            rest = rest[length..];
        }
        while (rest.Length > 0);
        return blocks.ToArray();
    }

    private static byte[] LittleEndian(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return bytes;
    }

    private sealed class CannedPage
    {
        public static readonly CannedPage Empty = new([], []);

        public CannedPage(int number, int bytes)
        {
            var quoted = new ArrayBufferWriter<byte>(bytes);
            using (var writer = new Utf8JsonWriter(quoted, Replies.Json))
                writer.WriteStringValue(GeneratedPage.Build(number, bytes));
            Escaped = quoted.WrittenSpan[1..^1].ToArray();
            using var deflated = new MemoryStream();
            using var deflate = new DeflateStream(deflated, CompressionLevel.Fastest);
            deflate.Write(Escaped);
            // Flushing ends the data at a byte boundary, so that other blocks can follow.
            deflate.Flush();
            Deflated = deflated.ToArray();
        }

        private CannedPage(byte[] escaped, byte[] deflated) => (Escaped, Deflated) = (escaped, deflated);

        /// <summary>The page as a JSON string, without its quotes.</summary>
        public byte[] Escaped { get; }

        /// <summary>The escaped page as deflate blocks; none of them is marked as the last.</summary>
        public byte[] Deflated { get; }
    }
}
