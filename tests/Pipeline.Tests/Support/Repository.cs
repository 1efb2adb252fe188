namespace Pipeline.Tests.Support;

/// <summary>The files of this repository.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Reads a text file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Pipeline.sln")))
            folder = folder.Parent
                ?? throw new DirectoryNotFoundException(
                    $"Pipeline.sln is in no folder above {AppContext.BaseDirectory}.");
        return folder.FullName;
    }
}
