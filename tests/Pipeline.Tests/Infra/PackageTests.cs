using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>Each package says what it is, its license, and how to start.</summary>
public sealed class PackageTests
{
    /// <summary>The address is the clone's remote, which must not be a folder of somebody's machine.</summary>
    [Theory]
    [InlineData("Pipeline", "/home/somebody/pipeline", null)]
    [InlineData("Pipeline.Cli", "https://code.example/pipeline.git", "https://code.example/pipeline")]
    [InlineData("Pipeline.Emulator", "https://code.example/pipeline", "https://code.example/pipeline")]
    [InlineData("Pipeline.Records", "file:///home/somebody/pipeline", null)]
    public async Task APackageDescribesItself(string project, string remote, string? page)
    {
        using var folder = new TempFolder();
        await DotnetAsync(
            "pack", Path.Combine("src", project), "--no-build", "--nologo", "-c", Configuration, "-o", folder.Path,
            "--disable-build-servers", $"-p:RepositoryUrl={remote}");

        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(folder.Path, "*.nupkg")));
        var readme = Assert.Single(package.Entries, entry => entry.FullName == "README.md");
        Assert.True(readme.Length > 300, $"{readme.Length}");
        Assert.DoesNotContain("](docs", await TextAsync(readme));
        var about = XDocument.Parse(await TextAsync(package.GetEntry($"{project}.nuspec")!)).Root!.Elements().First();
        Assert.Equal(("MIT", "README.md"), (Text(about, "license"), Text(about, "readme")));
        Assert.Equal("The Pipeline authors", Text(about, "authors"));
        Assert.Equal(
            (page, page is null ? null : remote),
            (Text(about, "projectUrl"), Element(about, "repository")?.Attribute("url")?.Value));
        Assert.Contains(package.Entries, entry => entry.FullName == Text(about, "icon"));
        Assert.InRange(Text(about, "description")!.Length, 50, 300);
    }

    private static string Configuration =>
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static string? Text(XElement about, string name) => Element(about, name)?.Value;

    private static XElement? Element(XElement about, string name) =>
        about.Elements().FirstOrDefault(element => element.Name.LocalName == name);

    private static async Task<string> TextAsync(ZipArchiveEntry entry)
    {
        using var reader = new StreamReader(await entry.OpenAsync(TestContext.Current.CancellationToken));
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    internal static async Task<string> DotnetAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = Repository.Root,
        };
        // `dotnet test` sets variables with the path of MSBuild for its own build. This build must find MSBuild itself.
        foreach (var name in start.Environment.Keys.ToList())
            if (name.StartsWith("MSBUILD", StringComparison.Ordinal))
                start.Environment.Remove(name);
        var (exitCode, output, error) = await Programs.RunAsync(start);
        Assert.True(exitCode == 0, output + error);
        return output;
    }
}
