using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace Pipeline.Fuzz;

/// <summary>
/// The same work the simple way: all in memory, with <see cref="GZipStream"/> and <see cref="JsonDocument"/>.
/// </summary>
internal static partial class ReferenceReader
{
    private const int TrailerBytes = 8;

    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1024 };
    private static readonly string[] TextNames = ["html", "markdown", "text", "screenshot"];
    private static readonly string[] ListNames = ["screenshots", "pages_html", "network_capture"];
    private static readonly string[] MemberNames = ["links", "redirects"];
    private static readonly string[] OwnNames = ["url", "task_id", "data"];

    /// <summary>Throws unless an accepted object is whole and its record has the object's content.</summary>
    public static void Compare(byte[] stored, byte[] record)
    {
        using var document = JsonDocument.Parse(Repair(WithoutMark(Expand(stored))), Deep);
        using var made = JsonDocument.Parse(record, Deep);
        var result = Unwrap(document.RootElement);
        var data = ValueOf(result, "data") ?? default;
        var content = ValueOf(made.RootElement, "content") ?? default;
        foreach (var name in TextNames)
            if (RawOf(data, name, JsonValueKind.String) != RawOf(content, name, JsonValueKind.String))
                throw new InvalidOperationException($"The record's {name} differs from the object's.");
        foreach (var name in ListNames)
            CompareValues(name, ListOf(data, name), ValueOf(content, name));
        foreach (var name in MemberNames)
            CompareValues(name, ListOf(data, name), ValueOf(made.RootElement, name));
        CompareParsed(data, made.RootElement);
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

    private static void CompareParsed(JsonElement data, JsonElement made)
    {
        // If a result uses both names, the first one counts and the second goes to extra.
        var first = data.ValueKind == JsonValueKind.Object
            ? data.EnumerateObject().FirstOrDefault(p => p.Name is "parsing" or "parsed"
                && p.Value.ValueKind != JsonValueKind.Null)
            : default;
        CompareValues(
            "parsed data", first.Value.ValueKind == JsonValueKind.Undefined ? null : first.Value,
            ValueOf(made, "parsed"));
    }

    private static void CompareValues(string name, JsonElement? held, JsonElement? carried)
    {
        if (held is { } value ? carried is not { } copy || !JsonElement.DeepEquals(value, copy) : carried is not null)
            throw new InvalidOperationException($"The record's {name} differs from the object's.");
    }

    /// <summary>Decompresses all layers.</summary>
    private static byte[] Expand(byte[] stored) => stored switch
    {
        [0x1F, 0x8B, ..] => Expand(Gunzip(stored)),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Expand(Read(new ZstdSharp.DecompressionStream(new MemoryStream(stored)))),
        [0x78, 0x01 or 0x5E or 0x9C or 0xDA, ..] => Expand(Inflate(stored)),
        _ => stored,
    };

    /// <summary>
    /// Checks the trailer of the last member, because <see cref="GZipStream"/> ignores a missing end.
    /// </summary>
    private static byte[] Gunzip(byte[] stored)
    {
        var bytes = Read(new GZipStream(new MemoryStream(stored), CompressionMode.Decompress));
        var lastMember = BinaryPrimitives.ReadUInt32LittleEndian(stored.AsSpan(^4..));
        if (lastMember > bytes.Length
            || Crc32.HashToUInt32(
                bytes.AsSpan(^(int)lastMember..)) != BinaryPrimitives.ReadUInt32LittleEndian(stored.AsSpan(
                    ^TrailerBytes..)))
            throw new InvalidOperationException(
                "An object was accepted whose gzip trailer does not match its content.");
        return bytes;
    }

    private static byte[] Inflate(byte[] stored)
    {
        var bytes = Read(new ZLibStream(new MemoryStream(stored), CompressionMode.Decompress));
        var (a, b) = (1L, 0L);
        foreach (var value in bytes)
            (a, b) = ((a + value) % 65521, (a + value + b) % 65521);
        if (BinaryPrimitives.ReadUInt32BigEndian(stored.AsSpan(^4..)) != (uint)((b << 16) | a))
            throw new InvalidOperationException("An object was accepted whose Adler-32 does not match its content.");
        return bytes;
    }

    private static byte[] Read(Stream compressed)
    {
        using (compressed)
        {
            using var expanded = new MemoryStream();
            compressed.CopyTo(expanded);
            return expanded.ToArray();
        }
    }

    /// <summary>Replaces each lone surrogate with U+FFFD.</summary>
    private static ReadOnlyMemory<byte> Repair(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetBytes(
        Escapes().Replace(
            Encoding.UTF8.GetString(json.Span), match => match.Groups["half"].Success ? "\\ufffd" : match.Value));

    [GeneratedRegex("""\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?<half>\\u[dD][89a-fA-F]..)|\\.""", RegexOptions.Singleline)]
    private static partial Regex Escapes();

    private static JsonElement Unwrap(JsonElement root) => root.ValueKind == JsonValueKind.Array
        ? root[0]
        : !OwnNames.Any(name => root.TryGetProperty(name, out _)) && ListOf(root, "results") is { } results
            ? results[0]
            : root;

    private static ReadOnlyMemory<byte> WithoutMark(byte[] bytes) =>
        bytes.AsMemory(bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0);

    private static string? RawOf(JsonElement parent, string name, JsonValueKind kind) =>
        ValueOf(parent, name) is { } value && value.ValueKind == kind ? value.GetRawText() : null;

    private static JsonElement? ListOf(JsonElement parent, string name) =>
        ValueOf(parent, name) is { ValueKind: JsonValueKind.Array } list ? list : null;

    private static JsonElement? ValueOf(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value)
            && value.ValueKind != JsonValueKind.Null
            ? value
            : null;
}
