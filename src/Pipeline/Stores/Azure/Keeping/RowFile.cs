using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Azure.Data.Tables;
using Pipeline.Stores.Keeping;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>A file of a backup with one row on each line. It is written and read as a stream.</summary>
internal sealed class RowFile : IAsyncDisposable
{
    // A row is at most 1 MiB, and JSON writes a character in at most six bytes.
    private const int MaxLineBytes = 8 << 20;

    private readonly string _name;
    private readonly Stream _entry;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SemaphoreSlim _turn = new(1);
    private long _bytes;

    private RowFile(string name, Stream entry) => (_name, _entry) = (name, entry);

    /// <summary>Adds a file to a backup.</summary>
    /// <param name="zip">The backup.</param>
    /// <param name="name">Name of the file.</param>
    /// <param name="write">Writes its rows.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public static async Task<BackupFile> AddAsync(
        ZipArchive zip, string name, Func<RowFile, Task> write, CancellationToken cancellationToken)
    {
        await using var file = new RowFile(
            name, await zip.CreateEntry(name, CompressionLevel.Fastest).OpenAsync(cancellationToken));
        await write(file);
        return new(file._name, file._bytes, Convert.ToHexStringLower(file._hash.GetCurrentHash()));
    }

    /// <summary>Writes rows that stay together. Safe for concurrent calls.</summary>
    public async Task WriteAsync(IEnumerable<TableEntity> rows, CancellationToken cancellationToken)
    {
        var lines = new ArrayBufferWriter<byte>();
        foreach (var row in rows)
            RowText.Write(lines, row);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            _hash.AppendData(lines.WrittenSpan);
            _bytes += lines.WrittenCount;
            await _entry.WriteAsync(lines.WrittenMemory, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Returns the rows of a file, in the order in which they were written.</summary>
    /// <exception cref="InvalidDataException">The file is missing, or damaged.</exception>
    public static async IAsyncEnumerable<TableEntity> ReadAsync(
        ZipArchive zip, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var content = await OpenAsync(zip, name, cancellationToken);
        var lines = PipeReader.Create(content);
        while (true)
        {
            var read = await lines.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                yield return RowText.Read(rest.Slice(0, end));
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (rest.Length > MaxLineBytes || (read.IsCompleted && rest.Length > 0))
                throw new InvalidDataException($"a line of {name} does not end.");
            lines.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
                yield break;
        }
    }

    /// <summary>Compares a file with its digest.</summary>
    /// <exception cref="InvalidDataException">The file is missing or damaged.</exception>
    public static async Task CheckAsync(ZipArchive zip, BackupFile file, CancellationToken cancellationToken)
    {
        await using var content = await OpenAsync(zip, file.Name, cancellationToken);
        if (Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken)) != file.Sha256)
            throw new InvalidDataException($"{file.Name} does not have its digest.");
    }

    private static async Task<Stream> OpenAsync(ZipArchive zip, string name, CancellationToken cancellationToken) =>
        await (zip.GetEntry(name) ?? throw new InvalidDataException($"{name} is missing.")).OpenAsync(
            cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _entry.DisposeAsync();
        _hash.Dispose();
        _turn.Dispose();
    }
}
