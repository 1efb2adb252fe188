using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Tests.Export;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>A run that is killed while it exports a closed list: the next run completes the export.</summary>
public sealed class ExportKillTests
{
    private const int Urls = 12;

    [Theory]
    [InlineData("export.after-begin")]
    [InlineData("export.after-file")]
    [InlineData("export.after-message")]
    [InlineData("export.before-end")]
    public async Task EveryRowIsInTheFilesOnce(string point)
    {
        await using var rig = await Rig.StartAsync("task_fail=2");
        (string, string)[] environment = [.. KillSuite.Environment(rig), ("Pipeline__Export__Format", "parquet")];
        string[] command =
        [
            "run", rig.List(Rig.Urls(Urls)), "--list-id", "killed", "--out", rig.Out,
            "--api", rig.Emulator.BaseAddress.AbsoluteUri, "--storage-url", "s3://results/exported/",
        ];
        var killed = await CliProcess.RunAsync(command, [.. environment, ("PIPELINE_CRASH_AT", point)]);
        Assert.True(killed.ExitCode == 128 + 9, killed.Error);
        Assert.DoesNotContain("\"complete\":true", Note(rig), StringComparison.Ordinal);

        var (exitCode, _, error) = await CliProcess.RunAsync(command, environment);

        Assert.True(exitCode == ExitCodes.SomeFailed, error);
        Assert.True(JsonElement.Parse(Note(rig)).GetProperty("complete").GetBoolean());
        var exports = Path.Combine(rig.Out, "exports");
        Assert.Equal(
            [Urls - 2L, Urls - 2L],
            Duck.Query($"SELECT count(*), count(DISTINCT id) FROM '{exports}/dt=*/list=killed/*.parquet'")[0]);
        Assert.Equal(2L, Duck.Value($"SELECT count(*) FROM '{exports}/_failures/dt=*/list=killed/*.parquet'"));
    }

    private static string Note(Rig rig) => File.ReadAllText(Path.Combine(rig.Out, "exports", "_lists", "killed.json"));
}
