using System.Reflection;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>A user who reports a bug can name the version, even of a build between releases.</summary>
public sealed class VersionTests
{
    [Fact]
    public async Task TheCommandPrintsTheVersionFromGit()
    {
        var (exitCode, output, _) = await CliProcess.RunAsync(["--version"]);

        Assert.Equal(0, exitCode);
        var built = typeof(ExitCodes).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>();
        Assert.Equal(built!.InformationalVersion, output.Trim());
        // A release such as 1.2.3, or a build after it such as 1.2.4-alpha.0.17, seventeen commits later.
        if (Path.Exists(Path.Combine(Repository.Root, ".git")))
            Assert.Matches(@"^\d+\.\d+\.\d+(-[a-z]+\.\d+(\.\d+)?)?$", output.Trim());
    }
}
