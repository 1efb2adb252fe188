using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Collect.Json;

/// <summary>
/// Escapes U+2028 and U+2029 in the raw bytes of JSON values: JSON allows them in strings, but readers that cut NDJSON into lines by
/// Unicode's rules, as Python's <c>splitlines</c> and JavaScript do, would cut a record there.
/// </summary>
internal struct LineSeparators
{
    private const int BlockBytes = 32;

    // How many bytes of a separator, E2 80 A8 or E2 80 A9, the last piece ended with.
    private int _held;

    /// <summary>The next stretch to keep of bytes that are UTF-8.</summary>
    /// <param name="raw">What is left of the bytes; they may end anywhere, and go on in the next call with others.</param>
    /// <param name="mayHold">False where it is known that none of them is in it; the bytes are not searched then.</param>
    /// <param name="stretch">As it stood, or a separator escaped.</param>
    /// <returns>False once nothing is left.</returns>
    public bool Next(ref ReadOnlySpan<byte> raw, bool mayHold, out ReadOnlySpan<byte> stretch)
    {
        stretch = default;
        if (raw.IsEmpty)
            return false;
        if (_held > 0)
            return Resume(ref raw, out stretch);
        var at = mayHold ? Find(raw) : -1;
        if (at == 0)
        {
            stretch = Escaped(raw[2]);
            raw = raw[3..];
            return true;
        }
        if (at < 0)
            _held = raw is [.., 0xE2] ? 1 : raw is [.., 0xE2, 0x80] ? 2 : 0;
        stretch = at < 0 ? raw[..^_held] : raw[..at];
        raw = at < 0 ? default : raw[at..];
        return stretch.Length > 0;
    }

    /// <summary>Where the first separator is that is whole; -1 for none.</summary>
    public static int Find(ReadOnlySpan<byte> raw)
    {
        ref var from = ref MemoryMarshal.GetReference(raw);
        // Of the last byte of a separator, which has two before it.
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
            for (var bits = Matches(Load(ref from, at), ref from, at).ExtractMostSignificantBits(); bits != 0; bits &= bits - 1)
                if (IsSeparator(raw, at + BitOperations.TrailingZeroCount(bits)))
                    return at + BitOperations.TrailingZeroCount(bits) - 2;
        }
        for (; at < raw.Length; at++)
            if (IsSeparator(raw, at))
                return at - 2;
        return -1;
    }

    /// <summary>Ones where a byte is the last of a separator, as far as it and the first one tell.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Matches(Vector256<byte> block, ref byte from, int at) =>
        Vector256.Equals(block & Vector256.Create((byte)0xFE), Vector256.Create((byte)0xA8))
        & Vector256.Equals(Load(ref from, at - 2), Vector256.Create((byte)0xE2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Load(ref byte from, int at) => Vector256.LoadUnsafe(ref from, (nuint)at);

    private static bool IsSeparator(ReadOnlySpan<byte> raw, int last) =>
        (raw[last] & 0xFE) == 0xA8 && raw[last - 1] == 0x80 && raw[last - 2] == 0xE2;

    /// <summary>Decides about the bytes that were held back.</summary>
    private bool Resume(ref ReadOnlySpan<byte> raw, out ReadOnlySpan<byte> stretch)
    {
        stretch = default;
        if (_held == 1 && raw[0] == 0x80)
        {
            _held = 2;
            raw = raw[1..];
            if (raw.IsEmpty)
                return false;
        }
        var isSeparator = _held == 2 && (raw[0] & 0xFE) == 0xA8;
        stretch = isSeparator ? Escaped(raw[0]) : "\u2028"u8[.._held];
        raw = isSeparator ? raw[1..] : raw;
        _held = 0;
        return true;
    }

    private static ReadOnlySpan<byte> Escaped(byte last) => last == 0xA8 ? "\\u2028"u8 : "\\u2029"u8;
}
