using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Pipeline.Json;

/// <summary>
/// Makes every text of a JSON document one that can be read and written again. Bytes that are not UTF-8, and escapes
/// that are half of a surrogate pair (<c>\ud83d</c> alone) or NUL, which not every store takes, become U+FFFD. Called
/// once, where answers and webhooks are parsed, so that no reader behind it meets a text that is none.
/// </summary>
internal static class JsonTextRepair
{
    private const int EscapeBytes = 6;

    /// <summary>The document, unchanged where all its text is well-formed.</summary>
    public static ReadOnlySpan<byte> Repair(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        byte[]? repaired = null;
        for (var at = NextEscape(json, 0); at >= 0;)
        {
            var code = CodeAt(json, at);
            var next = at + (code < 0 ? 2 : EscapeBytes);
            if (IsHigh(code) && IsLow(CodeAt(json, next)))
                next += EscapeBytes;
            else if (IsHigh(code) || IsLow(code) || code == 0)
                "fffd"u8.CopyTo((repaired ??= json.ToArray()).AsSpan(at + 2));
            at = NextEscape(json, next);
        }
        return repaired ?? json;
    }

    private static int NextEscape(ReadOnlySpan<byte> json, int from)
    {
        var found = from < json.Length ? json[from..].IndexOf((byte)'\\') : -1;
        return found < 0 ? -1 : from + found;
    }

    /// <summary>The code unit of <c>\uXXXX</c> at a place; -1 where there is none.</summary>
    private static int CodeAt(ReadOnlySpan<byte> json, int at) =>
        at + EscapeBytes <= json.Length && json[at] == '\\' && json[at + 1] == 'u'
        && ushort.TryParse(json.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            ? code
            : -1;

    private static bool IsHigh(int code) => code is >= 0xD800 and <= 0xDBFF;

    private static bool IsLow(int code) => code is >= 0xDC00 and <= 0xDFFF;
}
