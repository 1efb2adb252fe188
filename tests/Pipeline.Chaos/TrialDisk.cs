namespace Pipeline.Chaos;

/// <summary>
/// A file system of a few megabytes in memory, in its own mount namespace. It disappears with the process that holds
/// it.
/// </summary>
internal sealed class TrialDisk : IDisposable
{
    private const int Megabytes = 32;
    private readonly Child _holder;
    private readonly string _folder;

    private TrialDisk(Child holder, string folder) => (_holder, _folder) = (holder, folder);

    /// <summary>The start of a command line that sees the disk.</summary>
    public IEnumerable<string> Enter => ["nsenter", $"--mount=/proc/{_holder.Id}/ns/mnt"];

    private string Filler => Path.Combine(Seen(_folder), "filler");

    /// <summary>Mounts the disk.</summary>
    /// <param name="folder">An empty folder as the mount point.</param>
    public static async Task<TrialDisk> MountAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var holder = new Child(
            "unshare",
            [
                "--mount", "--propagation", "private", "sh", "-c",
                $"mount -t tmpfs -o size={Megabytes}m chaos '{folder}' && echo ready && exec cat"],
            []);
        while (holder.LineThatBegins("ready") is null)
            if (await holder.WaitAsync(TimeSpan.FromMilliseconds(20)) is not null)
                throw new InvalidOperationException($"Cannot mount a file system: {holder.LastWords}");
        return new(holder, folder);
    }

    /// <summary>A path on the disk as seen from outside the namespace.</summary>
    public string Seen(string path) => $"/proc/{_holder.Id}/root{path}";

    /// <summary>Fills the disk completely.</summary>
    public void Fill()
    {
        try
        {
            using var file = new FileStream(
                Filler, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
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

    public void Dispose() => _holder.Dispose();
}
