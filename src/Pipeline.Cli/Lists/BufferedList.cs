using System.Security;
using Microsoft.Win32.SafeHandles;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Cli.Lists;

/// <summary>
/// A list from a source that can be read only once, such as standard input, kept so that it can be read several times.
/// A small one stays in memory, a large one in a temporary file that disappears with the process, even if that is
/// killed.
/// </summary>
internal sealed class BufferedList : IDisposable
{
    private const int MaxInMemory = 4 << 20;
    private readonly MemoryStream _start = new();
    private SafeFileHandle? _file;
    private long _length;

    /// <summary>Keeps a text.</summary>
    public static BufferedList Of(ReadOnlySpan<byte> text)
    {
        var held = new BufferedList();
        held._start.Write(text);
        return held;
    }

    /// <summary>
    /// Reads a stream to its end. A read of a silent pipe cannot be interrupted, so a cancelled one is abandoned.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: there is no room for the list.</exception>
    public static async Task<BufferedList> ReadAsync(Func<Stream> open, CancellationToken cancellationToken)
    {
        var held = new BufferedList();
        await Task.Run(() => held.Fill(open, cancellationToken), cancellationToken).WaitAsync(cancellationToken);
        return held;
    }

    /// <summary>Opens it at its start.</summary>
    public Stream Open() => _file is null
        ? new MemoryStream(_start.GetBuffer(), 0, (int)_start.Length, writable: false)
        : new FileStream(new SafeFileHandle(_file.DangerousGetHandle(), ownsHandle: false), FileAccess.Read);

    public void Dispose()
    {
        _file?.Dispose();
        _start.Dispose();
    }

    private void Fill(Func<Stream> open, CancellationToken cancellationToken)
    {
        using var content = open();
        var buffer = new byte[64 * 1024];
        for (int read; (read = content.Read(buffer)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Append(buffer.AsSpan(0, read));
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_file is null && _start.Length + bytes.Length <= MaxInMemory)
        {
            _start.Write(bytes);
            return;
        }

        try
        {
            if (_file is null)
            {
                _file = PrivateFiles.CreateTemporary(Path.GetTempPath()).SafeFileHandle;
                Write(_start.GetBuffer().AsSpan(0, (int)_start.Length));
            }

            Write(bytes);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or SecurityException)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"The list is too large for memory and cannot be kept in {Path.GetTempPath()}: "
                    + $"{FaultWords.Of(problem)}. Set TMPDIR to a folder that can be written and has space, or give "
                    + "the list as a file.",
                problem);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_file!, bytes, _length);
        _length += bytes.Length;
    }
}
