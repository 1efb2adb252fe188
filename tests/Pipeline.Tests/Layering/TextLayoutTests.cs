using Pipeline.Tests.Support;

namespace Pipeline.Tests.Layering;

/// <summary>The layout that CONTRIBUTING.md describes and no analyzer checks.</summary>
public sealed class TextLayoutTests
{
    private const int Columns = 120;

    [Fact]
    public void NoLineOfCSharpIsWiderThan120Columns()
    {
        var wide =
            from folder in (string[])["src", "tests", "samples"]
            let root = Path.Combine(Repository.Root, folder)
            from file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            let path = Path.GetRelativePath(Repository.Root, file)
            where !path.Split('/').Any(part => part is "obj" or "bin")
            from line in File.ReadLines(file).Index()
            where line.Item.Length > Columns
            select $"{path}:{line.Index + 1} has {line.Item.Length} columns";
        Assert.Empty(wide);
    }
}
