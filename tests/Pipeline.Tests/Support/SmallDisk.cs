using System.Diagnostics;

namespace Pipeline.Tests.Support;

/// <summary>
/// A real file system of a few megabytes, in a mount namespace of its own: it is gone with the process that holds it, however the
/// test ends. It needs Linux and root; a test asks first.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly Process _holder;
    private readonly TempFolder _folder = new();

    private SmallDisk(int megabytes)
    {
        var mount = $"mount -t tmpfs -o size={megabytes}m pipeline-test '{_folder.Path}' && echo ready && exec cat";
        _holder = Process.Start(new ProcessStartInfo("unshare", ["--mount", "--propagation", "private", "sh", "-c", mount])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        Assert.Equal("ready", _holder.StandardOutput.ReadLine());
    }

    /// <summary>What a command line begins with, to see the disk.</summary>
    public IReadOnlyList<string> Enter => ["nsenter", $"--mount=/proc/{_holder.Id}/ns/mnt"];

    /// <summary>Where a process that entered finds it.</summary>
    public string Path => _folder.Path;

    /// <summary>The same folder as this process sees it. SQLite cannot follow such a path, files can.</summary>
    public string Seen => $"/proc/{_holder.Id}/root{_folder.Path}";

    private string Filler => System.IO.Path.Combine(Seen, "filler");

    /// <summary>Mounts it, or skips the test where that cannot be done.</summary>
    public static SmallDisk Mount(int megabytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "A mount namespace needs Linux and root.");
        return new(megabytes);
    }

    /// <summary>Leaves no byte free.</summary>
    public void Fill()
    {
        try
        {
            using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            var block = new byte[4096];
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // Full, as asked for.
        }
    }

    /// <summary>Makes room again.</summary>
    public void Free() => File.Delete(Filler);

    public void Dispose()
    {
        _holder.Kill();
        _holder.WaitForExit();
        _holder.Dispose();
        _folder.Dispose();
    }
}
