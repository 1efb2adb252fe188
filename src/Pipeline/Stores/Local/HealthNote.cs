using System.Text;
using Pipeline.IO;

namespace Pipeline.Stores.Local;

/// <summary>
/// Tells other processes why this one cannot write. The note is a file in the state folder. It gets its full size at
/// the start and is then overwritten in place, so it can be written while the disk is full.
/// </summary>
internal sealed class HealthNote : IAsyncDisposable
{
    private const string Prefix = "health-";
    private const int Size = 4096;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    private readonly Func<string?> _problem;
    private readonly FileStream _file;
    private readonly ITimer _timer;
    private string? _written;

    /// <summary>Creates a note and keeps it up to date.</summary>
    /// <param name="folder">The state folder.</param>
    /// <param name="problem">Returns why this process cannot write; null while it can.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">The disk has no space for the note.</exception>
    public HealthNote(string folder, Func<string?> problem, TimeProvider time)
    {
        _problem = problem;
        var path = Path.Combine(folder, Prefix + Path.GetRandomFileName());
        // The file stays open while the process lives, so a file that no process has open is a leftover.
        _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
        try
        {
            PrivateFiles.Restrict(path);
            Write("");
        }
        catch (IOException)
        {
            Close();
            throw;
        }
        _timer = time.CreateTimer(_ => Update(), null, Period, Period);
    }

    /// <summary>Returns why a live process that uses a state folder cannot write; null if all can.</summary>
    public static string? Read(string folder) =>
        Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, Prefix + "*").Select(ReadNote).FirstOrDefault(
                text => text is { Length: > 0 })
            : null;

    /// <summary>Whether a live process works on a state folder.</summary>
    public static bool IsHeld(string folder) =>
        Directory.Exists(folder) && Directory.EnumerateFiles(folder, Prefix + "*").Any(IsOpen);

    /// <summary>Removes the notes of processes that were killed.</summary>
    public static void RemoveUnused(string folder) => PrivateFiles.RemoveUnused(folder, Prefix + "*");

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        Close();
    }

    private static bool IsOpen(string path)
    {
        try
        {
            using var alone = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception held) when (held is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static string? ReadNote(string path)
    {
        try
        {
            using var alone = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return null;
        }
        // The process of the note is alive.
        catch (IOException)
        {
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        try
        {
            using var file = new StreamReader(
                path, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete });
            return file.ReadToEnd().TrimEnd();
        }
        // The process has ended meanwhile.
        catch (IOException)
        {
            return null;
        }
    }

    private void Update()
    {
        var problem = _problem();
        if (problem == _written)
            return;
        try
        {
            Write(problem ?? "");
            _written = problem;
        }
        // A copy-on-write file system has no space for this write either. The next tick tries again.
        catch (IOException)
        {
        }
    }

    private void Write(string text)
    {
        var bytes = new byte[Size];
        Array.Fill(bytes, (byte)' ');
        Encoding.UTF8.GetEncoder().Convert(text, bytes, flush: true, out _, out _, out _);
        RandomAccess.Write(_file.SafeFileHandle, bytes, 0);
    }

    private void Close()
    {
        var path = _file.Name;
        _file.Dispose();
        try
        {
            File.Delete(path);
        }
        // The folder was moved away. The work reports that, and an unused note is removed later.
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
        }
    }
}
