using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Intake;

/// <summary>
/// Remembers the 128-bit hashes of a list's inputs; those of a long list in a temporary file, so that memory does not
/// grow with the list.
/// </summary>
/// <remarks>
/// A hash table of blocks, 21 bytes an input. The number of inputs is known from the first reading, so the table never
/// grows. In the file, an input costs one read of a block and one write of a slot, which the system caches as far as
/// there is memory. At 128 bits of SHA-256 a false duplicate is not to be expected in any list that can be stored: 1 in
/// 10^20 even at 10^9 inputs.
/// </remarks>
/// <param name="capacity">How many inputs there may be.</param>
/// <param name="folder">Where the temporary file goes.</param>
/// <param name="maxInMemory">Longer lists go into the file.</param>
internal sealed class DuplicateFilter(long capacity, string folder, long maxInMemory = DuplicateFilter.MaxInMemory)
    : IDisposable
{
    /// <summary>Inputs whose hashes are kept in memory: 21 MB.</summary>
    public const long MaxInMemory = 1_000_000;

    private const int BlockSlots = 32;
    private const int SlotBytes = 16;

    private readonly long _blocks = (capacity * 4 / 3 / BlockSlots) + 1;
    private readonly UInt128[] _block = new UInt128[BlockSlots];
    private UInt128[]? _memory;
    private FileStream? _stream;
    private SafeFileHandle? _file;

    /// <summary>True for a hash that was not there.</summary>
    /// <exception cref="PipelineException">A fault of the store: the temporary file cannot be written.</exception>
    public bool Add(UInt128 hash)
    {
        // Zero marks an empty slot.
        if (hash == UInt128.Zero)
            hash = UInt128.One;
        try
        {
            for (var block = (long)Math.BigMul((ulong)hash, (ulong)_blocks, out _); ; block = (block + 1) % _blocks)
            {
                var slots = Read(block);
                var at = slots.IndexOfAny(hash, UInt128.Zero);
                if (at < 0)
                    continue;
                if (slots[at] == hash)
                    return false;
                slots[at] = hash;
                if (_file is not null)
                    RandomAccess.Write(
                        _file,
                        MemoryMarshal.AsBytes(slots.Slice(at, 1)),
                        ((block * BlockSlots) + at) * SlotBytes
                    );
                return true;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var message =
                $"The hashes of a long list cannot be kept in '{folder}': {error.Message} "
                + "Make room there, or set Collect:SpillFolder to a folder that can be written.";
            throw DiskFaults.IsFull(error) || DiskFaults.MayPass(error)
                ? PipelineException.StoreWaits(FailureReasons.Unavailable, message, error)
                : PipelineException.StoreStops(FailureReasons.Unavailable, message, error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream?.Dispose();

    private Span<UInt128> Read(long block)
    {
        if (capacity <= maxInMemory)
            return (_memory ??= new UInt128[_blocks * BlockSlots]).AsSpan((int)block * BlockSlots, BlockSlots);
        RandomAccess.Read(_file ??= OpenFile(), MemoryMarshal.AsBytes(_block.AsSpan()), block * BlockSlots * SlotBytes);
        return _block;
    }

    private SafeFileHandle OpenFile()
    {
        _stream = PrivateFiles.CreateTemporary(folder);
        RandomAccess.SetLength(_stream.SafeFileHandle, _blocks * BlockSlots * SlotBytes);
        return _stream.SafeFileHandle;
    }
}
