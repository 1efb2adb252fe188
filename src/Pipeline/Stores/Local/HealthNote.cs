using System.Text;
using Pipeline.IO;

namespace Pipeline.Stores.Local;

/// <summary>
/// Tells other processes what keeps this one from writing. The note is a file of the state folder that gets its full size
/// at the start and is then overwritten in place, so it can be written while the disk is full.
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

    /// <summary>Opens a note and keeps it up to date.</summary>
    /// <param name="folder">The state folder.</param>
    /// <param name="problem">What keeps this process from writing; null while nothing does.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">There is no room for the note.</exception>
    public HealthNote(string folder, Func<string?> problem, TimeProvider time)
    {
        _problem = problem;
        var path = Path.Combine(folder, $"{Prefix}{Guid.NewGuid():N}");
        // Open for as long as the process lives: a file that nobody has open was left behind.
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

    /// <summary>What keeps a live process that uses a state folder from writing; null where nothing does.</summary>
    public static string? Read(string folder) =>
        Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, Prefix + "*").Select(ReadNote).FirstOrDefault(text => text is { Length: > 0 })
            : null;

    /// <summary>Removes the notes of processes that were killed.</summary>
    public static void RemoveUnused(string folder) => PrivateFiles.RemoveUnused(folder, Prefix + "*");

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        Close();
    }

    private static string? ReadNote(string path)
    {
        try
        {
            using var alone = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return null;
        }
        // Its process lives.
        catch (IOException)
        {
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        try
        {
            using var file = new StreamReader(path, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete });
            return file.ReadToEnd().TrimEnd();
        }
        // It has ended since.
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
        // A file system that copies on write has no room for that either. The next tick tries again.
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
        File.Delete(path);
    }
}
