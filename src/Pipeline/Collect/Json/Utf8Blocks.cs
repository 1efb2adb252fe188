using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text.Unicode;

namespace Pipeline.Collect.Json;

/// <summary>
/// Validates UTF-8, 32 bytes at a time. <see cref="Utf8.IsValid"/> uses vectors for ASCII only; for other scripts, it
/// works character by character, which would cost as much as all of the scanning. The method is John Keiser's and
/// Daniel Lemire's, "Validating UTF-8 In Less Than One Instruction Per Byte", https://arxiv.org/abs/2010.03090.
/// </summary>
internal static class Utf8Blocks
{
    // One bit for each rule that two consecutive bytes can break. Three tables, indexed by the first three nibbles of
    // the two bytes, agree on a bit if they break that rule.
    private const byte TooShort = 1, TooLong = 2, Overlong3 = 4, TooLarge = 8, Surrogate = 16, Overlong2 = 32,
    TooLarge1000 = 64, Overlong4 = 64, TwoContinuations = 128;
    private const byte Carry = TooShort | TooLong | TwoContinuations;
    private const byte Large = Carry | TooLarge | TooLarge1000;
    private const byte After = TooLong | Overlong2 | TwoContinuations;

    private static Vector256<byte> FirstHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Twice(Vector128.Create(
            (byte)TooLong, TooLong, TooLong, TooLong, TooLong, TooLong, TooLong, TooLong, TwoContinuations,
                TwoContinuations, TwoContinuations, TwoContinuations,
            TooShort | Overlong2, TooShort, TooShort | Overlong3 | Surrogate,
            TooShort | TooLarge | TooLarge1000 | Overlong4));
    }

    private static Vector256<byte> FirstLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Twice(Vector128.Create(
            Carry | Overlong3 | Overlong2 | Overlong4, Carry | Overlong2, Carry, Carry, Carry | TooLarge, Large, Large,
            Large, Large, Large, Large, Large, Large, Large | Surrogate, Large, Large));
    }

    private static Vector256<byte> SecondHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Twice(Vector128.Create(
            TooShort, TooShort, TooShort, TooShort, TooShort, TooShort, TooShort, TooShort,
            After | Overlong3 | TooLarge1000 | Overlong4, After | Overlong3 | TooLarge, After | Surrogate | TooLarge,
            After | Surrogate | TooLarge, TooShort, TooShort, TooShort, TooShort));
    }

    /// <summary>Whether the bytes consist of complete, valid UTF-8 sequences.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="hasSeparators">Set to true if the bytes contain U+2028 or U+2029; otherwise unchanged.</param>
    public static bool AreValid(ReadOnlySpan<byte> bytes, ref bool hasSeparators)
    {
        if (!Avx2.IsSupported || bytes.Length < Vector256<byte>.Count)
        {
            hasSeparators |= LineSeparators.Find(bytes) >= 0;
            return Utf8.IsValid(bytes);
        }
        ref var from = ref MemoryMarshal.GetReference(bytes);
        var (before, faults, separators) = (Vector256<byte>.Zero, Vector256<byte>.Zero, Vector256<byte>.Zero);
        var at = 0;
        // Four blocks at once: an ASCII test per block would cost more than validating it.
        for (; bytes.Length - at >= 4 * Vector256<byte>.Count; at += 4 * Vector256<byte>.Count)
        {
            var (a, b) = (Vector256.LoadUnsafe(ref from, (nuint)at), Vector256.LoadUnsafe(ref from, (nuint)at + 32));
            var (c, d) = (
                Vector256.LoadUnsafe(ref from, (nuint)at + 64), Vector256.LoadUnsafe(ref from, (nuint)at + 96));
            if ((before | a | b | c | d).ExtractMostSignificantBits() != 0)
                faults |= Check(
                    a, before,
                    ref separators) | Check(b, a, ref separators) | Check(c, b, ref separators) | Check(d, c,
                    ref separators);
            before = d;
        }
        for (; bytes.Length - at >= Vector256<byte>.Count; at += Vector256<byte>.Count)
        {
            var block = Vector256.LoadUnsafe(ref from, (nuint)at);
            faults |= Check(block, before, ref separators);
            before = block;
        }

        // Padding with zeros makes a sequence that is cut off at the end invalid.
        Span<byte> rest = stackalloc byte[Vector256<byte>.Count];
        rest.Clear();
        bytes[at..].CopyTo(rest);
        faults |= Check(Vector256.Create<byte>(rest), before, ref separators);
        hasSeparators |= separators != Vector256<byte>.Zero;
        return faults == Vector256<byte>.Zero;
    }

    /// <summary>Nonzero where a byte may not follow the bytes before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Check(Vector256<byte> block, Vector256<byte> before, ref Vector256<byte> separators)
    {
        var across = Avx2.Permute2x128(before, block, 0x21);
        var first = Avx2.AlignRight(block, across, 15);
        var low = Vector256.Create((byte)0x0F);
        var pairs = Avx2.Shuffle(FirstHigh, (first.AsUInt16() >> 4).AsByte() & low)
            & Avx2.Shuffle(FirstLow, first & low)
            & Avx2.Shuffle(SecondHigh, (block.AsUInt16() >> 4).AsByte() & low);
        // The third and fourth byte of a sequence must be continuation bytes after a continuation byte; no other may.
        var second = Avx2.AlignRight(block, across, 14);
        separators |= Vector256.Equals(block & Vector256.Create((byte)0xFE), Vector256.Create((byte)0xA8))
            & Vector256.Equals(first, Vector256.Create((byte)0x80)) & Vector256.Equals(
                second, Vector256.Create((byte)0xE2));
        var third = Avx2.SubtractSaturate(second, Vector256.Create((byte)(0xE0 - 0x80)));
        var fourth = Avx2.SubtractSaturate(Avx2.AlignRight(block, across, 13), Vector256.Create((byte)(0xF0 - 0x80)));
        return ((third | fourth) & Vector256.Create((byte)0x80)) ^ pairs;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Twice(Vector128<byte> table) => Vector256.Create(table, table);
}
