using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pipeline.Collect.Json;

/// <content>
/// Unescapes 32 bytes at once. Where the escapes are in a page is not to be predicted, so nothing branches on it: what begins an escape is found by arithmetic (as in
/// Geoff Langdale and Daniel Lemire, "Parsing Gigabytes of JSON per Second", https://arxiv.org/abs/1902.08318) and shuffled away.
/// </content>
internal abstract partial class JsonScanner
{
    private const int BlockBytes = 32;
    private const uint OddBits = 0xAAAAAAAA;

    // For each set of bytes out of eight that are left out, where the others are; from 256 on the same for the upper eight of a half.
    private static readonly ulong[] Kept = MakeKept();

    // By their lower four bits, the bytes that stand behind a backslash, and what they mean. The r has no place beside the quote; b is rare and left to others.
    // A byte that stands elsewhere is none of them: the first one is not 0, which NUL would match.
    private static Vector256<byte> Names
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Twice(Vector128.Create((byte)1, 0, (byte)'"', 0, (byte)'t', 0, (byte)'f', 0, 0, 0, 0, 0, (byte)'\\', 0, (byte)'n', (byte)'/'));
    }

    private static Vector256<byte> Meanings
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Twice(Vector128.Create((byte)0, 0, (byte)'"', 0, (byte)'\t', 0, (byte)'\f', 0, 0, 0, 0, 0, (byte)'\\', 0, (byte)'\n', (byte)'/'));
    }

    /// <summary>
    /// Copies block by block, most escapes of two bytes included, and says where it stopped: before whatever else is special, or near the end of the piece.
    /// </summary>
    private static int CopyBlocks(ReadOnlySpan<byte> piece, int at, Span<byte> text, ref int written)
    {
        if (!Avx2.IsSupported)
            return at;
        ref var from = ref MemoryMarshal.GetReference(piece);
        ref var to = ref MemoryMarshal.GetReference(text);
        var count = written;
        // 1 where the last byte before the block begins an escape.
        var carry = 0u;
        for (; piece.Length - at >= BlockBytes; at += BlockBytes)
        {
            var bytes = Vector256.LoadUnsafe(ref from, (nuint)at);
            var slashes = Vector256.Equals(bytes, Vector256.Create((byte)'\\')).ExtractMostSignificantBits();
            var ends = (Vector256.Equals(bytes, Vector256.Create((byte)'"')) | Vector256.Equals(Vector256.Min(bytes, Vector256.Create((byte)0x1F)), bytes)).ExtractMostSignificantBits();
            if ((slashes | ends | carry) == 0)
            {
                bytes.StoreUnsafe(ref to, (nuint)count);
                count += BlockBytes;
                continue;
            }

            // Of backslashes in a row each other one begins an escape: a subtraction runs through the row, and ends on one parity or the other.
            var codes = (((slashes & ~carry) << 1 | OddBits) - (slashes & ~carry)) ^ OddBits;
            var (escapes, escaped) = (codes & slashes, codes ^ (slashes | carry));
            var low = bytes & Vector256.Create((byte)0x0F);
            var returns = Vector256.Equals(bytes, Vector256.Create((byte)'r'));
            var known = (Vector256.Equals(Avx2.Shuffle(Names, low), bytes) | returns).ExtractMostSignificantBits();
            var meant = Vector256.ConditionalSelect(returns, Vector256.Create((byte)'\r'), Avx2.Shuffle(Meanings, low));
            CopyKept(Vector256.ConditionalSelect(ToBytes(escaped), meant, bytes), escapes, ref Unsafe.Add(ref to, count));
            var stops = (ends & ~escaped) | (escaped & ~known);
            if (stops != 0)
            {
                var stop = BitOperations.TrailingZeroCount(stops);
                written = count + stop - BitOperations.PopCount(escapes & ((1u << stop) - 1));
                // Before the backslash, where it is the byte behind one; that may be the last one of the block before.
                return at + stop - (int)((escaped >> stop) & 1);
            }
            count += BlockBytes - BitOperations.PopCount(escapes);
            carry = escapes >> (BlockBytes - 1);
        }
        written = count;
        return at - (int)carry;
    }

    /// <summary>Writes the bytes whose bits are not set, and whatever behind them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyKept(Vector256<byte> bytes, uint leftOut, ref byte to)
    {
        ref var kept = ref MemoryMarshal.GetArrayDataReference(Kept);
        var lower = Ssse3.Shuffle(bytes.GetLower(), Vector128.Create(Unsafe.Add(ref kept, (nint)(byte)leftOut), Unsafe.Add(ref kept, 256 + (nint)(byte)(leftOut >> 8))).AsByte());
        var upper = Ssse3.Shuffle(bytes.GetUpper(), Vector128.Create(Unsafe.Add(ref kept, (nint)(byte)(leftOut >> 16)), Unsafe.Add(ref kept, 256 + (nint)(leftOut >> 24))).AsByte());
        Unsafe.WriteUnaligned(ref to, lower.AsUInt64().ToScalar());
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, 8 - BitOperations.PopCount(leftOut & 0xFF)), lower.AsUInt64().GetElement(1));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, 16 - BitOperations.PopCount(leftOut & 0xFFFF)), upper.AsUInt64().ToScalar());
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, 24 - BitOperations.PopCount(leftOut & 0xFFFFFF)), upper.AsUInt64().GetElement(1));
    }

    /// <summary>A byte of ones for each bit that is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> ToBytes(uint bits)
    {
        var ofBytes = Vector256.Create(0x8040201008040201).AsByte();
        var spread = Vector256.Create(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303).AsByte();
        return Vector256.Equals(Avx2.Shuffle(Vector256.Create(bits).AsByte(), spread) & ofBytes, ofBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Twice(Vector128<byte> table) => Vector256.Create(table, table);

    private static ulong[] MakeKept()
    {
        var kept = new ulong[512];
        for (var leftOut = 0; leftOut < 256; leftOut++)
        {
            for (int i = 0, n = 0; i < 8; i++)
            {
                if ((leftOut >> i & 1) != 0)
                    continue;
                kept[leftOut] |= (ulong)i << (8 * n);
                kept[256 + leftOut] |= (ulong)(i + 8) << (8 * n++);
            }
        }
        return kept;
    }
}
