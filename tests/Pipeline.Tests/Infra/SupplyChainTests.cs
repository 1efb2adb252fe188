using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>The build uses what was reviewed: actions, packages and scripts are pinned.</summary>
public sealed partial class SupplyChainTests
{
    public static TheoryData<string> Workflows =>
        [
            .. Directory.GetFiles(Path.Combine(Repository.Root, ".github", "workflows"))
                .Select(file => Path.GetFileName(file)!)];

    public static TheoryData<string> Projects =>
        [.. Files("*.csproj").Select(file => Path.GetRelativePath(Repository.Root, file))];

    [Theory]
    [MemberData(nameof(Workflows))]
    public void EveryActionIsPinnedByCommitAndNamesItsVersion(string file)
    {
        var text = Repository.Read($".github/workflows/{file}");

        Assert.All(Uses().Matches(text), use => Assert.Matches(Pinned(), use.Value));
        Assert.NotEmpty(Uses().Matches(text));
        Assert.Equal(text.Split("actions/checkout@").Length, text.Split("persist-credentials: false").Length);
        // Versions count from the last tag, which a shallow clone does not have.
        Assert.Equal(text.Split("actions/checkout@").Length, text.Split("fetch-depth: 0").Length);
        Assert.Contains("permissions:\n  contents: read\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void EveryProjectIsLockedAndPartOfTheBuild(string project)
    {
        Assert.True(
            File.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(project)!, "packages.lock.json")), project);
        var solution = Repository.Read("Pipeline.sln");
        var id = Regex.Match(
            solution, Regex.Escape(project.Replace('/', '\\')) + "\", \"(?<id>{[^}]+})").Groups["id"].Value;
        Assert.NotEmpty(id);
        Assert.Contains($"{id}.Debug|Any CPU.Build.0", solution, StringComparison.Ordinal);
        Assert.Contains($"{id}.Release|Any CPU.Build.0", solution, StringComparison.Ordinal);
    }

    [Fact]
    public void NodePackagesRunNoScripts() => Assert.All(
        Files("*.sh").SelectMany(File.ReadLines).Where(line => line.Contains("npm ci", StringComparison.Ordinal)),
        line => Assert.Contains("--ignore-scripts", line, StringComparison.Ordinal));

    [Fact]
    public void AReleaseWaitsForTheTests()
    {
        var text = Repository.Read(".github/workflows/release.yml");

        Assert.Contains("  test:\n    uses: ./.github/workflows/ci.yml\n", text, StringComparison.Ordinal);
        Assert.Contains("  release:\n    needs: test\n", text, StringComparison.Ordinal);
        Assert.Contains("\n  workflow_call:\n", Repository.Read(".github/workflows/ci.yml"), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryKindOfPackageIsKeptUpToDate()
    {
        var expected = Files("package.json").Select(file => $"npm {Folder(file)}")
            .Concat(Files("requirements.txt").Select(file => $"pip {Folder(file)}"))
            .Concat(["nuget /", "github-actions /"]);

        var updates = Update().Matches(Repository.Read(".github/dependabot.yml"));

        Assert.Equal(expected.Order(), updates.Select(u => $"{u.Groups["kind"]} {u.Groups["folder"]}").Order());
    }

    [Theory]
    [InlineData("true", "true")]
    [InlineData("", "false")]
    public async Task KnownVulnerabilitiesFailTheBuildOnGitHubOnly(string onGitHub, string audit)
    {
        string[] projects = ["src/Pipeline", "tests/Pipeline.Tests"];
        foreach (var project in projects)
        {
            var value = await PackageTests.DotnetAsync(
                "msbuild", project, "-getProperty:NuGetAudit", $"-property:GITHUB_ACTIONS={onGitHub}");
            Assert.Equal(audit, value.Trim());
        }
    }

    [Fact]
    public void TheImageIsBuiltFromTheSourcesAloneAndRunsWithoutRoot()
    {
        var image = Repository.Read("Dockerfile");

        Assert.All(From().Matches(image), from => Assert.StartsWith("FROM ${IMAGES}/", from.Value));
        var last = image[image.LastIndexOf("FROM ", StringComparison.Ordinal)..];
        Assert.True(last.IndexOf("USER $APP_UID", StringComparison.Ordinal) is > 0 and var user
            && user < last.IndexOf("ENTRYPOINT", StringComparison.Ordinal));
        Assert.Equal(
            "*", Repository.Read(".dockerignore").Split('\n').First(line => line.Length > 0 && line[0] != '#'));
    }

    private static string Folder(string file) =>
        "/" + Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(file)!).Replace('\\', '/');

    private static IEnumerable<string> Files(string pattern) => new[] { "src", "tests", "bench", "samples" }
        .SelectMany(
            folder =>
                Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin" or "node_modules"));

    // A workflow of this repository needs no pin: it comes from the same commit.
    [GeneratedRegex(@"uses: (?!\./).+")]
    private static partial Regex Uses();

    [GeneratedRegex(@"^uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"package-ecosystem: (?<kind>\S+)\n +directory: (?<folder>\S+)")]
    private static partial Regex Update();

    [GeneratedRegex(@"^FROM .+", RegexOptions.Multiline)]
    private static partial Regex From();
}
