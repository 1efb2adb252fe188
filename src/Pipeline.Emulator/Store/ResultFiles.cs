namespace Pipeline.Emulator.Store;

/// <summary>The result documents, one file per task, so that they are not kept in memory.</summary>
internal sealed class ResultFiles(string folder)
{
    public string PathOf(string taskId) => Path.Combine(folder, taskId[..2], taskId + ".json");

    /// <summary>Writes a result atomically: the file is complete or missing, even if the process is killed.</summary>
    public void Write(string taskId, Action<Stream> write)
    {
        var path = PathOf(taskId);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (
            var file = new FileStream(path + ".tmp", FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            write(file);
        File.Move(path + ".tmp", path, overwrite: true);
    }

    /// <summary>Opens a result for reading.</summary>
    public FileStream Open(string taskId) =>
        new(
            PathOf(taskId), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16,
            FileOptions.SequentialScan);
}
