using System.Buffers.Binary;

namespace Pipeline.Intake;

/// <summary>
/// The decisions about a block of inputs, as the ledger keeps them: the first 8 bytes of each input's key, then a byte
/// for each, which is 1 if the input is left out.
/// </summary>
internal static class SeriesPin
{
    private const int KeyBytes = 8;

    /// <summary>Writes the decisions about inputs.</summary>
    public static byte[] Create(IReadOnlyList<string> keys, Func<int, bool> leavesOut)
    {
        var pin = new byte[keys.Count * (KeyBytes + 1)];
        for (var i = 0; i < keys.Count; i++)
        {
            Convert.FromHexString(keys[i].AsSpan(0, 2 * KeyBytes), pin.AsSpan(i * KeyBytes), out _, out _);
            pin[(keys.Count * KeyBytes) + i] = leavesOut(i) ? (byte)1 : (byte)0;
        }
        return pin;
    }

    /// <summary>Number of inputs.</summary>
    public static int CountOf(byte[] pin) => pin.Length / (KeyBytes + 1);

    /// <summary>Whether an input is left out.</summary>
    public static bool LeavesOut(byte[] pin, int index) => pin[(CountOf(pin) * KeyBytes) + index] != 0;

    /// <summary>The kept part of an input's key, twice.</summary>
    public static UInt128 KeyAt(byte[] pin, int index)
    {
        var key = BinaryPrimitives.ReadUInt64BigEndian(pin.AsSpan(index * KeyBytes));
        return new(key, key);
    }

    /// <summary>Returns the kept part of the keys that are left out, in hex.</summary>
    public static IEnumerable<string> LeftOut(byte[] pin) =>
        Enumerable.Range(0, CountOf(pin))
            .Where(i => LeavesOut(pin, i))
            .Select(i => Convert.ToHexStringLower(pin.AsSpan(i * KeyBytes, KeyBytes)));
}
