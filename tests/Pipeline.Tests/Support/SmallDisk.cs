using System.Diagnostics;

namespace Pipeline.Tests.Support;

/// <summary>
/// A real file system of a few megabytes in its own mount namespace. It disappears with the process that holds it,
/// however the test ends. It needs Linux and root; without them, the test is skipped.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly Process _holder;
    private readonly TempFolder _folder = new();

    private SmallDisk(int megabytes)
    {
        var mount = $"mount -t tmpfs -o size={megabytes}m pipeline-test '{_folder.Path}' && echo ready && exec cat";
        _holder =
            Process.Start(new ProcessStartInfo("unshare", ["--mount", "--propagation", "private", "sh", "-c", mount])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        Assert.Equal("ready", _holder.StandardOutput.ReadLine());
    }

    /// <summary>The start of a command line that sees the disk.</summary>
    public IReadOnlyList<string> Enter => ["nsenter", $"--mount=/proc/{_holder.Id}/ns/mnt"];

    /// <summary>The disk's path for a process in the namespace.</summary>
    public string Path => _folder.Path;

    /// <summary>The disk's path for this process. It works for files but not for SQLite.</summary>
    public string Seen => $"/proc/{_holder.Id}/root{_folder.Path}";

    /// <summary>The file that <see cref="Fill"/> writes.</summary>
    public string Filler => System.IO.Path.Combine(Seen, "filler");

    /// <summary>Mounts the disk, or skips the test if that is not possible.</summary>
    public static SmallDisk Mount(int megabytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux()
            && Environment.IsPrivilegedProcess, "A mount namespace needs Linux and root.");
        return new(megabytes);
    }

    /// <summary>Fills the disk completely.</summary>
    public void Fill()
    {
        try
        {
            using var file = new FileStream(
                Filler, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            var block = new byte[4096];
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // The disk is full, as intended.
        }
    }

    /// <summary>Frees the space that <see cref="Fill"/> took.</summary>
    public void Free() => File.Delete(Filler);

    public void Dispose()
    {
        _holder.Kill();
        _holder.WaitForExit();
        _holder.Dispose();
        _folder.Dispose();
    }
}
