using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pipeline.Collect.Json;

/// <content>
/// Unescapes 32 bytes at a time. Branch prediction cannot guess where a page has escapes, so the code does not branch
/// on them: it finds the backslashes that start an escape by arithmetic, as in Geoff Langdale and Daniel Lemire,
/// "Parsing Gigabytes of JSON per Second", https://arxiv.org/abs/1902.08318, and removes them with a shuffle.
/// </content>
internal abstract partial class JsonScanner
{
    private const int BlockBytes = 32;
    private const uint OddBits = 0xAAAAAAAA;

    // Shuffle controls. Entry m keeps, of eight bytes, those whose bit in m is 0; entry 256 + m does the same for the
    // upper eight bytes of a 16-byte half.
    private static readonly ulong[] Kept = MakeKept();

    // The characters that may follow a backslash, indexed by their lower four bits, and what they stand for. 'r'
    // collides with the quote and is handled apart; 'b' is rare and left to the slow path. The first entry is 1 because
    // 0 would match NUL.
    private static Vector256<byte> Names
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get =>
            Twice(
                Vector128.Create(
                    (byte)1, 0, (byte)'"', 0, (byte)'t', 0, (byte)'f', 0, 0, 0, 0, 0, (byte)'\\', 0, (byte)'n',
                    (byte)'/'));
    }

    private static Vector256<byte> Meanings
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get =>
            Twice(
                Vector128.Create(
                    (byte)0, 0, (byte)'"', 0, (byte)'\t', 0, (byte)'\f', 0, 0, 0, 0, 0, (byte)'\\', 0, (byte)'\n',
                    (byte)'/'));
    }

    /// <summary>
    /// Copies whole blocks, resolving most two-byte escapes. Returns the index at which it stopped: before anything
    /// else that needs handling, or near the end of the piece.
    /// </summary>
    private static int CopyBlocks(ReadOnlySpan<byte> piece, int at, Span<byte> text, ref int written)
    {
        if (!Avx2.IsSupported)
            return at;
        ref var from = ref MemoryMarshal.GetReference(piece);
        ref var to = ref MemoryMarshal.GetReference(text);
        var count = written;
        // 1 if the last byte before the block starts an escape.
        var carry = 0u;
        for (; piece.Length - at >= BlockBytes; at += BlockBytes)
        {
            var bytes = Vector256.LoadUnsafe(ref from, (nuint)at);
            var slashes = Vector256.Equals(bytes, Vector256.Create((byte)'\\')).ExtractMostSignificantBits();
            var ends = (
                Vector256.Equals(bytes, Vector256.Create((byte)'"')) | Vector256.Equals(
                    Vector256.Min(bytes, Vector256.Create((byte)0x1F)), bytes)).ExtractMostSignificantBits();
            if ((slashes | ends | carry) == 0)
            {
                bytes.StoreUnsafe(ref to, (nuint)count);
                count += BlockBytes;
                continue;
            }

            // In a run of backslashes, every other one starts an escape. The borrow of the subtraction travels through
            // the run, and its parity tells which ones.
            var codes = (((slashes & ~carry) << 1 | OddBits) - (slashes & ~carry)) ^ OddBits;
            var (escapes, escaped) = (codes & slashes, codes ^ (slashes | carry));
            var low = bytes & Vector256.Create((byte)0x0F);
            var returns = Vector256.Equals(bytes, Vector256.Create((byte)'r'));
            var known = (Vector256.Equals(Avx2.Shuffle(Names, low), bytes) | returns).ExtractMostSignificantBits();
            var meant = Vector256.ConditionalSelect(returns, Vector256.Create((byte)'\r'), Avx2.Shuffle(Meanings, low));
            CopyKept(
                Vector256.ConditionalSelect(ToBytes(escaped), meant, bytes), escapes, ref Unsafe.Add(ref to, count));
            var stops = (ends & ~escaped) | (escaped & ~known);
            if (stops != 0)
            {
                var stop = BitOperations.TrailingZeroCount(stops);
                written = count + stop - BitOperations.PopCount(escapes & ((1u << stop) - 1));
                // If the byte follows a backslash, stop before that backslash; it may be in the previous block.
                return at + stop - (int)((escaped >> stop) & 1);
            }
            count += BlockBytes - BitOperations.PopCount(escapes);
            carry = escapes >> (BlockBytes - 1);
        }
        written = count;
        return at - (int)carry;
    }

    /// <summary>Writes the bytes whose bit is not set, followed by garbage up to the size of the vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyKept(Vector256<byte> bytes, uint leftOut, ref byte to)
    {
        ref var kept = ref MemoryMarshal.GetArrayDataReference(Kept);
        var lower = Ssse3.Shuffle(
            bytes.GetLower(),
            Vector128.Create(
                Unsafe.Add(ref kept, (nint)(byte)leftOut),
                Unsafe.Add(ref kept, 256 + (nint)(byte)(leftOut >> 8))).AsByte());
        var upper = Ssse3.Shuffle(
            bytes.GetUpper(),
            Vector128.Create(
                Unsafe.Add(ref kept, (nint)(byte)(leftOut >> 16)),
                Unsafe.Add(ref kept, 256 + (nint)(leftOut >> 24))).AsByte());
        Unsafe.WriteUnaligned(ref to, lower.AsUInt64().ToScalar());
        Unsafe.WriteUnaligned(
            ref Unsafe.Add(ref to, 8 - BitOperations.PopCount(leftOut & 0xFF)), lower.AsUInt64().GetElement(1));
        Unsafe.WriteUnaligned(
            ref Unsafe.Add(ref to, 16 - BitOperations.PopCount(leftOut & 0xFFFF)), upper.AsUInt64().ToScalar());
        Unsafe.WriteUnaligned(
            ref Unsafe.Add(ref to, 24 - BitOperations.PopCount(leftOut & 0xFFFFFF)), upper.AsUInt64().GetElement(1));
    }

    /// <summary>Expands every bit to a byte: 0xFF if it is set, otherwise 0.</summary>
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
