using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Intake;

/// <summary>
/// Stores the 128-bit hashes of a list's inputs. Long lists use a temporary file, so memory does not grow with the
/// list.
/// </summary>
/// <remarks>
/// A hash table of blocks, about 21 bytes per input. The inspection has counted the inputs, so the table never grows.
/// In the file, each input costs one block read and one slot write, which the operating system caches while it has
/// memory. With 128 bits of SHA-256, the chance of a false duplicate is about 1 in 10^20 even for 10^9 inputs.
/// </remarks>
/// <param name="capacity">Maximum number of inputs.</param>
/// <param name="folder">Folder of the temporary file.</param>
/// <param name="maxInMemory">Lists with more inputs use the file.</param>
internal sealed class DuplicateFilter(long capacity, string folder, long maxInMemory = DuplicateFilter.MaxInMemory)
    : IDisposable
{
    /// <summary>Maximum number of inputs whose hashes are kept in memory (21 MB).</summary>
    public const long MaxInMemory = 1_000_000;

    private const int BlockSlots = 32;
    private const int SlotBytes = 16;

    private readonly long _blocks = (capacity * 4 / 3 / BlockSlots) + 1;
    private readonly UInt128[] _block = new UInt128[BlockSlots];
    private UInt128[]? _memory;
    private FileStream? _stream;
    private SafeFileHandle? _file;

    /// <summary>Adds a hash. Returns false if it was added before.</summary>
    /// <exception cref="PipelineException">Store fault: the temporary file cannot be read or written.</exception>
    public bool Add(UInt128 hash)
    {
        // Zero marks an empty slot.
        if (hash == UInt128.Zero)
            hash = UInt128.One;
        try
        {
            // If a block is full, the hash goes to the next one that has space.
            for (var block = BlockOf(hash); ; block = (block + 1) % _blocks)
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
                        _file, MemoryMarshal.AsBytes(slots.Slice(at, 1)), ((block * BlockSlots) + at) * SlotBytes);
                return true;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotStore(error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream?.Dispose();

    // Scales the low 64 bits of the hash to the range of block numbers.
    private long BlockOf(UInt128 hash) => (long)Math.BigMul((ulong)hash, (ulong)_blocks, out _);

    private PipelineException CannotStore(Exception error)
    {
        var message =
            $"Cannot store the hashes of a long list in '{folder}': {FaultWords.Of(error)}. "
            + "Free space there, or set Collect:SpillFolder to a writable folder.";
        return DiskFaults.IsFull(error) || DiskFaults.MayPass(error)
            ? PipelineException.StoreWaits(FailureReasons.Unavailable, message, error)
            : PipelineException.StoreStops(FailureReasons.Unavailable, message, error);
    }

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
