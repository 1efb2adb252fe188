using System.Buffers;
using System.Text;
using System.Text.Json;
using Pipeline.Emulator.Api.Tasks;

namespace Pipeline.Emulator.Hostile;

/// <summary>
/// Makes a hostile document from an honest one, in pieces, so that the emulator never holds tens of megabytes at once.
/// </summary>
internal static class HostileJson
{
    private const int Depth = 50_000;
    private const int PieceBytes = 1 << 16;
    private const int HugeBytes = 24 << 20;
    private const int MadeUpTasks = 200_000;

    /// <summary>The kinds of documents.</summary>
    public static readonly IReadOnlyList<string> Kinds =
    [
        "deep",
        "huge",
        "many",
        "surrogate",
        "control",
        "secret",
        "types",
    ];

    // Made once and sent each time, because making them costs more than sending them.
    private static readonly Lazy<ReadOnlyMemory<byte>> MadeUp = new(MakeUp);

    private static readonly byte[] Padding = Encoding.UTF8.GetBytes(new string('x', PieceBytes));

    /// <summary>Makes the hostile document.</summary>
    /// <param name="honest">
    /// The honest document: JSON with an object in it. Anything else is returned unchanged.
    /// </param>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="secrets">The caller's secrets: its API key and its callback URL.</param>
    /// <param name="draw">Random bits that select the size of a huge document: 24 or 48 MiB.</param>
    public static IEnumerable<ReadOnlyMemory<byte>> Spoil(
        ReadOnlyMemory<byte> honest, string kind, IEnumerable<string> secrets, ulong draw)
    {
        var at = honest.Span.IndexOf((byte)'{') + 1;
        if (at == 0)
            return [honest];
        return kind switch
        {
            "deep" => Insert(honest, at, [Deep()]),
            "huge" => Insert(honest, at, Huge(HugeBytes * (1 + (int)(draw % 2)))),
            "many" => Many(honest, at),
            _ => [AddToEveryObject(honest.Span, HostileText.Members(kind, secrets))],
        };
    }

    /// <summary>Inserts members at the start of the first object.</summary>
    internal static IEnumerable<ReadOnlyMemory<byte>> Insert(
        ReadOnlyMemory<byte> honest, int at, IEnumerable<ReadOnlyMemory<byte>> members)
    {
        yield return honest[..at];
        foreach (var piece in members)
            yield return piece;
        if (honest.Span[at..].TrimStart(" \r\n\t"u8)[0] is not ((byte)'}' or (byte)']'))
            yield return ","u8.ToArray();
        yield return honest[at..];
    }

    private static ReadOnlyMemory<byte> Deep() =>
        Encoding.UTF8.GetBytes($"\"deep\":{new string('[', Depth)}{new string(']', Depth)}");

    private static IEnumerable<ReadOnlyMemory<byte>> Huge(int bytes)
    {
        yield return "\"padding\":\""u8.ToArray();
        for (var written = 0; written < bytes; written += PieceBytes)
            yield return Padding;
        yield return "\""u8.ToArray();
    }

    /// <summary>
    /// Inserts invented tasks before those of a reply, or adds a list of them to a document without tasks.
    /// </summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Many(ReadOnlyMemory<byte> honest, int at)
    {
        var list = StartOfTasks(honest.Span);
        return list > 0
            ? Insert(honest, list, [MadeUp.Value])
            : Insert(honest, at, ["\"tasks\":["u8.ToArray(), MadeUp.Value, "]"u8.ToArray()]);
    }

    private static ReadOnlyMemory<byte> MakeUp() => Encoding.UTF8.GetBytes(string.Join(
        ',',
        Enumerable.Range(0, MadeUpTasks).Select(_ => $"{{\"id\":\"{TaskIdForms.New()}\",\"state\":\"success\"}}")));

    private static int StartOfTasks(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var isTasks = false;
        while (reader.Read())
        {
            if (isTasks && reader.TokenType == JsonTokenType.StartArray)
                return (int)reader.BytesConsumed;
            isTasks = reader.TokenType == JsonTokenType.PropertyName
                && (reader.ValueTextEquals("tasks"u8) || reader.ValueTextEquals("data"u8));
        }

        return 0;
    }

    private static ReadOnlyMemory<byte> AddToEveryObject(ReadOnlySpan<byte> json, ReadOnlySpan<byte> members)
    {
        var spoilt = new ArrayBufferWriter<byte>(json.Length + members.Length);
        var reader = new Utf8JsonReader(json);
        var copied = 0;
        for (var isEmpty = false; reader.Read(); isEmpty = reader.TokenType == JsonTokenType.StartObject)
        {
            if (reader.TokenType != JsonTokenType.EndObject)
                continue;
            spoilt.Write(json[copied..(int)reader.TokenStartIndex]);
            spoilt.Write(isEmpty ? [] : ","u8);
            spoilt.Write(members);
            copied = (int)reader.TokenStartIndex;
        }

        spoilt.Write(json[copied..]);
        return spoilt.WrittenMemory;
    }
}
