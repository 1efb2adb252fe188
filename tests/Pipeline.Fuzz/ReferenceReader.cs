using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Fuzz;

/// <summary>The same work the simple way: all in memory, with <see cref="GZipStream"/> and <see cref="JsonDocument"/>.</summary>
internal static class ReferenceReader
{
    private const int TrailerBytes = 8;

    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1024 };
    private static readonly string[] ContentNames = ["html", "markdown", "text", "screenshot"];

    /// <summary>Throws unless an object that was taken is whole and its record carries what it holds.</summary>
    public static void Compare(byte[] stored, byte[] record)
    {
        using var document = JsonDocument.Parse(WithoutMark(Expand(stored)), Deep);
        using var made = JsonDocument.Parse(record, Deep);
        var data = document.RootElement.TryGetProperty("data", out var found) ? found : default;
        var content = made.RootElement.TryGetProperty("content", out var carried) ? carried : default;
        foreach (var name in ContentNames)
            if (RawOf(data, name) != RawOf(content, name))
                throw new InvalidOperationException($"The record's {name} is not what the object holds.");
        var parsed = ValueOf(data, "parsing") ?? ValueOf(data, "parsed");
        if (parsed is { } expected ? !JsonElement.DeepEquals(expected, made.RootElement.GetProperty("parsed")) : made.RootElement.TryGetProperty("parsed", out _))
            throw new InvalidOperationException("The record's parsed data is not what the object holds.");
    }

    /// <summary>Whether the bytes are one complete JSON text in UTF-8, without any gzip.</summary>
    public static bool IsWholePlainDocument(byte[] stored)
    {
        try
        {
            using var document = JsonDocument.Parse(WithoutMark(stored), Deep);
            return Utf8.IsValid(stored);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The bytes within; <see cref="GZipStream"/> does not mind a missing end, so the last member's trailer is compared here.</summary>
    private static byte[] Expand(byte[] stored)
    {
        if (stored is not [0x1F, 0x8B, ..])
            return stored;
        using var gzip = new GZipStream(new MemoryStream(stored), CompressionMode.Decompress);
        using var expanded = new MemoryStream();
        gzip.CopyTo(expanded);
        var bytes = expanded.ToArray();
        var lastMember = BinaryPrimitives.ReadUInt32LittleEndian(stored.AsSpan(^4..));
        if (lastMember > bytes.Length || Crc32.HashToUInt32(bytes.AsSpan(^(int)lastMember..)) != BinaryPrimitives.ReadUInt32LittleEndian(stored.AsSpan(^TrailerBytes..)))
            throw new InvalidOperationException("An object was taken whose last bytes are not the trailer of what it holds.");
        return bytes;
    }

    private static ReadOnlyMemory<byte> WithoutMark(byte[] bytes) => bytes.AsMemory(bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0);

    private static string? RawOf(JsonElement parent, string name) => ValueOf(parent, name)?.GetRawText();

    private static JsonElement? ValueOf(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
