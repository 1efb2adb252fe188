namespace Pipeline.Stores.Local.Erasing;

/// <summary>Deletes the small files about a list in the state folder, and its exports in the output folder.</summary>
internal static class ListFolderFiles
{
    /// <summary>Deletes the copies that Intake reads, and the notes of repeated runs.</summary>
    public static int EraseCopies(string state, string listId)
    {
        var copies = Files(Path.Combine(state, "lists"), $"{listId}*")
            .Where(path => Path.GetFileNameWithoutExtension(path) == listId || Path.GetFileName(path) == listId);
        var notes = Files(state, "again.*")
            .Where(path => Path.GetFileName(path) == $"again.{listId}" || File.ReadAllText(path).Trim() == listId);
        return Delete([.. copies, .. notes]);
    }

    /// <summary>Deletes the files that <c>Export:Format</c> wrote.</summary>
    public static int EraseExports(string output, string listId)
    {
        var exports = Path.Combine(output, "exports");
        if (!Directory.Exists(exports))
            return 0;
        List<string> folders =
            [.. Directory.EnumerateDirectories(exports, $"list={listId}", SearchOption.AllDirectories)];
        var files = folders.Sum(
            folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count());
        folders.ForEach(folder => Directory.Delete(folder, recursive: true));
        return files + Delete([.. Files(Path.Combine(exports, "_lists"), $"{listId}.json")]);
    }

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, pattern) : [];

    private static int Delete(List<string> paths)
    {
        paths.ForEach(File.Delete);
        return paths.Count;
    }
}
