using System.Buffers;
using System.Text.Encodings.Web;

namespace Pipeline.Json;

/// <summary>
/// Escapes only what JSON requires (quotes, backslashes and control characters), plus U+2028 and U+2029, which some
/// NDJSON readers take for line breaks. <see cref="JavaScriptEncoder.UnsafeRelaxedJsonEscaping"/> would also escape
/// every character beyond the basic plane, and a URL with an emoji would differ from the one in the list.
/// </summary>
internal sealed class MinimalJsonEncoder : JavaScriptEncoder
{
    public static readonly MinimalJsonEncoder Instance = new();

    // The caller examines surrogates one by one: pairs stay, lone ones become U+FFFD.
    private static readonly SearchValues<char> Examined =
        SearchValues.Create(
        [
            .. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\', '\u2028', '\u2029',
            .. Enumerable.Range(0xD800, 0x800).Select(c => (char)c),
        ]);

    private MinimalJsonEncoder()
    {
    }

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => 6;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < 0x20 or '"' or '\\' or 0x2028 or 0x2029;

    /// <inheritdoc/>
    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength) =>
        new ReadOnlySpan<char>(text, textLength).IndexOfAny(Examined);

    /// <inheritdoc/>
    public override unsafe bool TryEncodeUnicodeScalar(
        int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var escaped = unicodeScalar switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\b' => "\\b",
            '\f' => "\\f",
            < 0x20 or 0x2028 or 0x2029 => $"\\u{unicodeScalar:X4}",
            _ => char.ConvertFromUtf32(unicodeScalar),
        };
        numberOfCharactersWritten = escaped.Length;
        if (escaped.TryCopyTo(new Span<char>(buffer, bufferLength)))
            return true;
        numberOfCharactersWritten = 0;
        return false;
    }
}
