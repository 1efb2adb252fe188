namespace Pipeline.Intake;

/// <summary>
/// Remembers the 128-bit hashes of a list's inputs.
/// </summary>
/// <remarks>
/// A table of its own with open addressing: 21 bytes an input (43 MB for 2,000,000), against some 60 for <see cref="HashSet{T}"/>, which also holds two copies of
/// itself while it grows. A temporary SQLite file would need no memory, but a random write per input, on a disk that a function may not have. The number of
/// inputs is known from the first reading, so the table never grows. At 128 bits of SHA-256 a false duplicate is not to be expected in
/// any list that can be stored: 1 in 10^20 even at 10^9 inputs.
/// </remarks>
internal sealed class DuplicateFilter(long capacity)
{
    private readonly UInt128[] _slots = new UInt128[checked((int)(capacity * 4 / 3 + 8))];

    /// <summary>True for a hash that was not there.</summary>
    public bool Add(UInt128 hash)
    {
        // Zero marks an empty slot.
        if (hash == UInt128.Zero)
            hash = UInt128.One;
        var slot = (int)Math.BigMul((ulong)hash, (ulong)_slots.Length, out _);
        while (_slots[slot] != UInt128.Zero)
        {
            if (_slots[slot] == hash)
                return false;
            if (++slot == _slots.Length)
                slot = 0;
        }
        _slots[slot] = hash;
        return true;
    }
}
