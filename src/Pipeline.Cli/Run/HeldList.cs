using System.Security;
using Microsoft.Win32.SafeHandles;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Cli.Run;

/// <summary>
/// A list that can be read only once (standard input, a pipe), held so that it can be read as often as needed: in memory
/// while it is small, else in a temporary file that goes away with the process, even if that is killed.
/// </summary>
internal sealed class HeldList : IDisposable
{
    private const int MaxInMemory = 4 << 20;
    private readonly MemoryStream _start = new();
    private SafeFileHandle? _file;
    private long _length;

    /// <summary>Holds a text.</summary>
    public static HeldList Of(ReadOnlySpan<byte> text)
    {
        var held = new HeldList();
        held._start.Write(text);
        return held;
    }

    /// <summary>
    /// Reads a stream to its end. Nothing can interrupt a read of a silent pipe, so a cancelled one is left to itself.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: there is no place for a list of that size.</exception>
    public static async Task<HeldList> ReadAsync(Func<Stream> open, CancellationToken cancellationToken)
    {
        var held = new HeldList();
        await Task.Run(() => held.Fill(open, cancellationToken), cancellationToken).WaitAsync(cancellationToken);
        return held;
    }

    /// <summary>Opens it, at its start.</summary>
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
                $"The list is too large for memory and cannot be held in {Path.GetTempPath()}: {problem.Message} "
                    + "Set TMPDIR to a folder that can be written and has space, or name the list as a file.",
                problem);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_file!, bytes, _length);
        _length += bytes.Length;
    }
}
