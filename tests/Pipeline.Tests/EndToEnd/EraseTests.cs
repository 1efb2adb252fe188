using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Erasing on one machine, also by the command.</summary>
public sealed class EraseTests() : EraseSuite(null)
{
    private static readonly string[] Command = ["erase", Gone];

    [Fact]
    [Trait("Promise", "7")]
    public async Task AKillWhileTheRecordsAreReplacedLosesNoLineOfTheOthers()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 5));
        var before = await rig.RunAsync(Settings(rig, Kept, 7));

        var killed = await EraseAsync(rig, ["--yes"], ("PIPELINE_CRASH_AT", "erase.after-rename"));
        var later = await rig.RunAsync(Settings(rig, "after-me", 5));
        var again = await EraseAsync(rig, ["--yes"]);

        Assert.Equal(137, killed.ExitCode);
        Assert.Equal((0, ""), (again.ExitCode, again.Error));
        Assert.Empty(await SearchAsync(rig, Gone));
        var kept = before.RecordLines.Where(line => line.Contains(Kept, StringComparison.Ordinal)).ToList();
        Assert.Equal(kept, later.RecordLines.Where(line => line.Contains(Kept, StringComparison.Ordinal)));
        Assert.Equal(7, kept.Count);
        await AssertOthersAsync(rig, later);
    }

    [Fact]
    public async Task WithoutATerminalTheCommandWantsToBeToldThatItIsMeant()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 2));

        var unsure = await EraseAsync(rig, []);
        var sure = await EraseAsync(rig, ["--yes"]);
        var again = await EraseAsync(rig, ["--yes"]);

        Assert.Equal(2, unsure.ExitCode);
        Assert.Contains("Add --yes", unsure.Error, StringComparison.Ordinal);
        Assert.Equal(0, sure.ExitCode);
        Assert.StartsWith("Erased erase-me: 3 inputs, 2 records, 1 failure, ", sure.Output, StringComparison.Ordinal);
        Assert.Contains("Nimble's own copies", sure.Output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^- the list's objects in the bucket, .*delete them in s3://\S+/erase-me/$", sure.Output);
        Assert.Equal(0, again.ExitCode);
        Assert.StartsWith("There is nothing about list erase-me here.", again.Output, StringComparison.Ordinal);
        Assert.Contains("below erase-me/ in the --storage-url of its run", again.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--objects", sure.Output + again.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("*")]
    [InlineData("a/../erase-me")]
    [InlineData("erase%2Dme")]
    public async Task WhatIsNoIdErasesNothing(string id)
    {
        var (exitCode, output, error) = await CliProcess.RunAsync(["erase", id, "--yes"]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains("is no id of a list", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "7")]
    public async Task OthersWorkOnTheSameFolderMeanwhile()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 20));
        await rig.RunAsync(Settings(rig, Kept, 7));

        var running = rig.RunAsync(Settings(rig, "beside-me", 60));
        var erased = await EraseAsync(rig, ["--yes"]);
        var beside = await running;

        Assert.Equal((0, ""), (erased.ExitCode, erased.Error));
        var lines = await File.ReadAllLinesAsync(
            Path.Combine(rig.Out, "records.ndjson"), TestContext.Current.CancellationToken);
        Assert.Equal(67, lines.Length);
        Assert.DoesNotContain(lines, line => line.Contains(Gone, StringComparison.Ordinal));
        await AssertOthersAsync(rig, beside);
    }

    [Fact]
    [Trait("Promise", "7")]
    public async Task ARenamedFolderIsErasedUnderItsNewName()
    {
        await using var rig = await StartAsync();
        var inside = Path.Combine(rig.Out, ".pipeline");
        await rig.RunAsync(Settings(rig, Gone, 3) with { State = inside });
        await rig.RunAsync(Settings(rig, Kept, 2) with { State = inside });
        var moved = rig.Out + "-moved";
        Directory.Move(rig.Out, moved);

        var erased = await CliProcess.RunAsync([.. Command, "--yes", "--out", moved]);

        Assert.Equal((0, ""), (erased.ExitCode, erased.Error));
        Assert.StartsWith("Erased erase-me: 4 inputs, 3 records, 1 failure, ", erased.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("objects", erased.Output.Split('\n')[0], StringComparison.Ordinal);
        Assert.Empty(StoreSearch.Files(Gone, moved));
        Assert.Equal(2, LinesIn(moved).Length);
        Assert.False(Directory.Exists(rig.Out));
    }

    [Fact]
    [Trait("Promise", "7")]
    public async Task OfACopiedFolderTheCopyIsErased()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 3) with { State = Path.Combine(rig.Out, ".pipeline") });
        var original = LinesIn(rig.Out);
        var copy = rig.Out + "-copy";
        TempFolder.CopyFolder(rig.Out, copy);

        var erased = await CliProcess.RunAsync([.. Command, "--yes", "--out", copy]);

        Assert.Equal((0, ""), (erased.ExitCode, erased.Error));
        Assert.Equal(original, LinesIn(rig.Out));
        Assert.Empty(LinesIn(copy));
        Assert.Empty(StoreSearch.Files(Gone, copy));
    }

    [Fact]
    [Trait("Promise", "7")]
    public async Task AFolderOfAnotherStateIsRefusedAndSoIsAMissingOne()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 3));
        var (original, other, moved) = (LinesIn(rig.Out), rig.Out + "-other", rig.Out + "-moved");
        Directory.CreateDirectory(other);
        Task<(int ExitCode, string Output, string Error)> EraseInAsync(string folder) => CliProcess.RunAsync(
            [.. Command, "--yes", "--out", folder, "--state", Any(rig).State]);

        var foreign = await EraseInAsync(other);
        Assert.Equal(original, LinesIn(rig.Out));
        Directory.Move(rig.Out, moved);
        var missing = await EraseInAsync(rig.Out);
        Assert.Equal(original, LinesIn(moved));
        var erased = await EraseInAsync(moved);

        Assert.Equal((2, ""), (foreign.ExitCode, foreign.Output));
        Assert.Contains($"belongs to the output folder '{rig.Out}', not to '{other}'", foreign.Error,
            StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(other));
        Assert.Equal((2, ""), (missing.ExitCode, missing.Output));
        Assert.Contains($"The output folder '{rig.Out}' is missing", missing.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(rig.Out));
        Assert.Contains("4 inputs, 3 records", erased.Output, StringComparison.Ordinal);
        Assert.Empty(LinesIn(moved));
    }

    private static string[] LinesIn(string folder) => File.ReadAllLines(Path.Combine(folder, "records.ndjson"));

    private static Task<(int ExitCode, string Output, string Error)> EraseAsync(
        Rig rig, string[] more, params IEnumerable<(string, string)> environment) =>
        CliProcess.RunAsync(
            [.. Command, .. more, "--out", rig.Out, "--state", Any(rig).State], environment);
}
