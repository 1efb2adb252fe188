using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Pipeline.Json;

/// <summary>
/// Makes every string of a JSON document readable and writable. Replaces bytes that are not UTF-8, lone surrogate
/// escapes (<c>\ud83d</c> alone) and NUL escapes, which some stores reject, by U+FFFD. Called once, where answers and
/// webhooks are parsed, so that later readers never meet invalid text.
/// </summary>
internal static class JsonTextRepair
{
    private const int EscapeBytes = 6;

    /// <summary>Returns the repaired document, or the given one if all its text is well-formed.</summary>
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

    /// <summary>Returns the code unit of the <c>\uXXXX</c> escape at an index; -1 if there is none.</summary>
    private static int CodeAt(ReadOnlySpan<byte> json, int at) =>
        at + EscapeBytes <= json.Length && json[at] == '\\' && json[at + 1] == 'u'
        && ushort.TryParse(
            json.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            ? code
            : -1;

    private static bool IsHigh(int code) => code is >= 0xD800 and <= 0xDBFF;

    private static bool IsLow(int code) => code is >= 0xDC00 and <= 0xDFFF;
}
