namespace Pipeline.Chaos;

/// <summary>A file system of a few megabytes in memory, in a mount namespace of its own: it is gone with the process that holds it, however that ends.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Megabytes = 32;
    private readonly Child _holder;
    private readonly string _folder;

    private SmallDisk(Child holder, string folder) => (_holder, _folder) = (holder, folder);

    /// <summary>What a command line begins with, to see it.</summary>
    public IEnumerable<string> Enter => ["nsenter", $"--mount=/proc/{_holder.Id}/ns/mnt"];

    private string Filler => Path.Combine(Seen(_folder), "filler");

    /// <summary>Mounts it.</summary>
    /// <param name="folder">Where; empty.</param>
    public static async Task<SmallDisk> MountAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var holder = new Child(
            "unshare", ["--mount", "--propagation", "private", "sh", "-c", $"mount -t tmpfs -o size={Megabytes}m chaos '{folder}' && echo ready && exec cat"], []);
        while (holder.LineThatBegins("ready") is null)
            if (await holder.WaitAsync(TimeSpan.FromMilliseconds(20)) is not null)
                throw new InvalidOperationException($"No file system can be mounted: {holder.LastWords}");
        return new(holder, folder);
    }

    /// <summary>A path on it, as it is seen from outside.</summary>
    public string Seen(string path) => $"/proc/{_holder.Id}/root{path}";

    /// <summary>Leaves no byte free.</summary>
    public void Fill()
    {
        try
        {
            using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            var block = new byte[4096];
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // Full, as asked for.
        }
    }

    /// <summary>Frees it again.</summary>
    public void Free() => File.Delete(Filler);

    public void Dispose() => _holder.Dispose();
}
