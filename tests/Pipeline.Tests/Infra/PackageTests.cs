using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>Each package says what it is, under which license, and how to start.</summary>
public sealed class PackageTests
{
    [Theory]
    [InlineData("Pipeline")]
    [InlineData("Pipeline.Cli")]
    [InlineData("Pipeline.Emulator")]
    [InlineData("Pipeline.Records")]
    public async Task APackageDescribesItself(string project)
    {
        using var folder = new TempFolder();
        await DotnetAsync(
            "pack", Path.Combine("src", project), "--no-build", "--nologo", "-c", Configuration, "-o", folder.Path,
            "--disable-build-servers");

        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(folder.Path, "*.nupkg")));
        var readme = Assert.Single(package.Entries, entry => entry.FullName == "README.md");
        Assert.True(readme.Length > 300, $"{readme.Length}");
        Assert.DoesNotContain("](docs", await TextAsync(readme));
        var about = XDocument.Parse(await TextAsync(package.GetEntry($"{project}.nuspec")!)).Root!.Elements().First();
        Assert.Equal(("MIT", "README.md"), (Text(about, "license"), Text(about, "readme")));
        Assert.Equal("The Pipeline authors", Text(about, "authors"));
        Assert.InRange(Text(about, "description")!.Length, 50, 300);
    }

    private static string Configuration =>
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static string? Text(XElement about, string name) =>
        about.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

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
