using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Collect.Json;

/// <summary>
/// Escapes U+2028 and U+2029 in the raw bytes of JSON values. JSON allows them in strings, but readers that split
/// NDJSON by Unicode's line breaks, such as Python's <c>splitlines</c>, would split a record there.
/// </summary>
internal struct LineSeparators
{
    private const int BlockBytes = 32;

    // Number of bytes of a separator, E2 80 A8 or E2 80 A9, at the end of the last piece.
    private int _held;

    /// <summary>Returns the next segment of a piece of UTF-8, with separators escaped.</summary>
    /// <param name="raw">The rest of the piece; it may end anywhere, even inside a separator.</param>
    /// <param name="mayHold">False if the piece is known to hold no separator; it is then not searched.</param>
    /// <param name="segment">Bytes as they were, or one escaped separator.</param>
    /// <returns>False once the piece is used up.</returns>
    public bool Next(ref ReadOnlySpan<byte> raw, bool mayHold, out ReadOnlySpan<byte> segment)
    {
        segment = default;
        if (raw.IsEmpty)
            return false;
        if (_held > 0)
            return Resume(ref raw, out segment);
        var at = mayHold ? Find(raw) : -1;
        if (at == 0)
        {
            segment = Escaped(raw[2]);
            raw = raw[3..];
            return true;
        }
        if (at < 0)
            _held = raw is [.., 0xE2] ? 1 : raw is [.., 0xE2, 0x80] ? 2 : 0;
        segment = at < 0 ? raw[..^_held] : raw[..at];
        raw = at < 0 ? default : raw[at..];
        return segment.Length > 0;
    }

    /// <summary>Index of the first complete separator; -1 if there is none.</summary>
    public static int Find(ReadOnlySpan<byte> raw)
    {
        ref var from = ref MemoryMarshal.GetReference(raw);
        // Index of a separator's last byte; two bytes precede it.
        var at = 2;
        for (; raw.Length - at >= 4 * BlockBytes; at += 4 * BlockBytes)
        {
            var (a, b) = (Load(ref from, at), Load(ref from, at + BlockBytes));
            var (c, d) = (Load(ref from, at + (2 * BlockBytes)), Load(ref from, at + (3 * BlockBytes)));
            if ((a | b | c | d).ExtractMostSignificantBits() == 0)
                continue;
            var any = Matches(a, ref from, at) | Matches(b, ref from, at + BlockBytes)
                | Matches(c, ref from, at + (2 * BlockBytes)) | Matches(d, ref from, at + (3 * BlockBytes));
            if (any != Vector256<byte>.Zero)
                break;
        }
        for (; raw.Length - at >= BlockBytes; at += BlockBytes)
        {
            for (var bits = Matches(Load(ref from, at), ref from, at).ExtractMostSignificantBits(); bits
                != 0; bits &= bits - 1)
                if (IsSeparator(raw, at + BitOperations.TrailingZeroCount(bits)))
                    return at + BitOperations.TrailingZeroCount(bits) - 2;
        }
        for (; at < raw.Length; at++)
            if (IsSeparator(raw, at))
                return at - 2;
        return -1;
    }

    /// <summary>All bits set where a byte may be a separator's last one: it and the first one match.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Matches(Vector256<byte> block, ref byte from, int at) =>
        Vector256.Equals(block & Vector256.Create((byte)0xFE), Vector256.Create((byte)0xA8))
        & Vector256.Equals(Load(ref from, at - 2), Vector256.Create((byte)0xE2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Load(ref byte from, int at) => Vector256.LoadUnsafe(ref from, (nuint)at);

    private static bool IsSeparator(ReadOnlySpan<byte> raw, int last) =>
        (raw[last] & 0xFE) == 0xA8 && raw[last - 1] == 0x80 && raw[last - 2] == 0xE2;

    /// <summary>Decides whether the bytes held back from the last piece belong to a separator.</summary>
    private bool Resume(ref ReadOnlySpan<byte> raw, out ReadOnlySpan<byte> segment)
    {
        segment = default;
        if (_held == 1 && raw[0] == 0x80)
        {
            _held = 2;
            raw = raw[1..];
            if (raw.IsEmpty)
                return false;
        }
        var isSeparator = _held == 2 && (raw[0] & 0xFE) == 0xA8;
        segment = isSeparator ? Escaped(raw[0]) : "\u2028"u8[.._held];
        raw = isSeparator ? raw[1..] : raw;
        _held = 0;
        return true;
    }

    private static ReadOnlySpan<byte> Escaped(byte last) => last == 0xA8 ? "\\u2028"u8 : "\\u2029"u8;
}
