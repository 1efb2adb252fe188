using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>What is built is what was reviewed: actions, packages and scripts are pinned.</summary>
public sealed partial class SupplyChainTests
{
    public static TheoryData<string> Workflows =>
        [.. Directory.GetFiles(Path.Combine(Repository.Root, ".github", "workflows")).Select(file => Path.GetFileName(file)!)];

    public static TheoryData<string> Projects => [.. Files("*.csproj").Select(file => Path.GetRelativePath(Repository.Root, file))];

    [Theory]
    [MemberData(nameof(Workflows))]
    public void EveryActionIsPinnedByCommitAndNamesItsVersion(string file)
    {
        var text = Repository.Read($".github/workflows/{file}");

        Assert.All(Uses().Matches(text), use => Assert.Matches(Pinned(), use.Value));
        Assert.NotEmpty(Uses().Matches(text));
        Assert.Equal(text.Split("actions/checkout@").Length, text.Split("persist-credentials: false").Length);
        Assert.Contains("permissions:\n  contents: read\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void EveryProjectIsLockedAndPartOfTheBuild(string project)
    {
        Assert.True(File.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(project)!, "packages.lock.json")), project);
        var solution = Repository.Read("Pipeline.sln");
        var id = Regex.Match(solution, Regex.Escape(project.Replace('/', '\\')) + "\", \"(?<id>{[^}]+})").Groups["id"].Value;
        Assert.NotEmpty(id);
        Assert.Contains($"{id}.Debug|Any CPU.Build.0", solution, StringComparison.Ordinal);
        Assert.Contains($"{id}.Release|Any CPU.Build.0", solution, StringComparison.Ordinal);
    }

    [Fact]
    public void PackagesOfNodeRunNoScripts() => Assert.All(
        Files("*.sh").SelectMany(File.ReadLines).Where(line => line.Contains("npm ci", StringComparison.Ordinal)),
        line => Assert.Contains("--ignore-scripts", line, StringComparison.Ordinal));

    private static IEnumerable<string> Files(string pattern) => new[] { "src", "tests", "bench" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin" or "node_modules"));

    [GeneratedRegex(@"uses: .+")]
    private static partial Regex Uses();

    [GeneratedRegex(@"^uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$")]
    private static partial Regex Pinned();
}
