using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli.Init;

/// <summary><c>pipeline init</c>, and the settings file that all commands read.</summary>
public sealed class InitTests : IAsyncLifetime
{
    private const string Key = "the-only-key";

    private readonly TempFolder _folder = new();
    private RunningEmulator _emulator = null!;

    private string SettingsPath => _folder["home", "settings.env"];

    private (string, string) Named => ("PIPELINE_SETTINGS", SettingsPath);

    public async ValueTask InitializeAsync() => _emulator = await Pipeline.Emulator.Emulator.StartAsync(
        new() { DataFolder = _folder["emulator"], Storage = StorageMode.Own, ApiKey = Key },
        TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _emulator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task WithoutATerminalItChecksAndWritesAPrivateFileThatRunReads()
    {
        File.WriteAllText(_folder["key.txt"], Key + "\n");

        var (exitCode, output, error) = await InitAsync("--price", "0.5", "--api-key-file", _folder["key.txt"]);

        Assert.True(exitCode == 0, error);
        Assert.Matches("(?m)^api +ok +127.0.0.1:[0-9]+ takes the key$", output);
        Assert.DoesNotContain(Key, output + error, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SettingsPath));
        File.WriteAllText(_folder["list.txt"], "http://sample.test/sample/generated/1\n");
        string[] run = ["run", _folder["list.txt"], "--out", _folder["out"]];
        var ran = await CliProcess.RunAsync(run, Named);
        Assert.True(ran.ExitCode == 0, ran.Error);
        Assert.Matches("estimated cost +│ +0.50 ", ran.Error);
        var refused = await CliProcess.RunAsync([.. run, "--again"], Named, ("NIMBLE_API_KEY", "another"));
        Assert.Contains("NIMBLE_API_KEY", refused.Error, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
    }

    [Fact]
    public async Task ItNeverOverwritesUnasked()
    {
        Directory.CreateDirectory(_folder["home"]);
        File.WriteAllText(SettingsPath, "NIMBLE_API_KEY=old\n");

        var kept = await InitAsync("--no-check");

        Assert.Equal(2, kept.ExitCode);
        Assert.Contains("--force replaces it", kept.Error, StringComparison.Ordinal);
        Assert.Equal("NIMBLE_API_KEY=old\n", File.ReadAllText(SettingsPath));
        Assert.Equal(0, (await InitAsync("--no-check", "--force")).ExitCode);
        Assert.Contains($"NIMBLE_API_KEY={Key}\n", File.ReadAllText(SettingsPath), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItWritesNothingThatDoesNotWork()
    {
        var (exitCode, output, error) = await InitAsync("--storage-url", "ftp://bucket/");

        Assert.Equal(2, exitCode);
        Assert.Contains("Write s3://bucket/prefix/ or gs://bucket/prefix/", output, StringComparison.Ordinal);
        Assert.Contains("Nothing was written.", error, StringComparison.Ordinal);
        Assert.False(File.Exists(SettingsPath));
    }

    [Fact]
    public async Task AtATerminalItAsksAndDoesNotShowTheKey()
    {
        // The program 'script' gives the command a terminal, and prints what that terminal shows.
        using var terminal = CliProcess.StartShell(
            $"script -qefc \"$pipeline init --api {_emulator.BaseAddress}\" /dev/null >&2",
            Named, ("TERM", "dumb"), ("COLUMNS", "200"));
        await terminal.WaitForAsync("Nimble API key (not shown):");
        await terminal.WriteAsync(Key + "\r");
        await terminal.WaitForAsync("Bucket for results");
        await terminal.WriteAsync("\r");
        await terminal.WaitForAsync("Public https address");
        await terminal.WriteAsync("\r");
        await terminal.WaitForAsync("Price of one URL");
        await terminal.WriteAsync("0.25\r");

        var (exitCode, _, shown) = await terminal.WaitAsync();

        Assert.True(exitCode == 0, shown);
        Assert.DoesNotContain(Key, shown, StringComparison.Ordinal);
        Assert.Equal(
            ["NIMBLE_API_KEY=" + Key, "Pipeline__Nimble__BaseUrl=" + _emulator.BaseAddress,
                "Pipeline__Nimble__PricePerUrl=0.25"],
            File.ReadLines(SettingsPath).Skip(1).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("PATH=/tmp", "Line 2 of the settings file {0} sets 'PATH', which pipeline does not read.")]
    [InlineData("no equals sign, my-secret", "Line 2 of the settings file {0} is no NAME=value.")]
    [InlineData("Pipeline__Nimble__Typo=1", "Pipeline__Nimble__Typo is not a setting.")]
    public async Task AFaultOfTheFileIsOneLine(string line, string expected)
    {
        Directory.CreateDirectory(_folder["home"]);
        File.WriteAllText(SettingsPath, $"# mine\n{line}\n");

        var (exitCode, _, error) = await CliProcess.RunAsync(["run", "--out", _folder["out"]], Named);

        Assert.Equal(2, exitCode);
        Assert.StartsWith(
            $"pipeline: {string.Format(null, expected, SettingsPath)}", error, StringComparison.Ordinal);
        Assert.DoesNotContain("my-secret", error, StringComparison.Ordinal);
        Assert.Equal(0, (await CliProcess.RunAsync(["run", "--help"], Named)).ExitCode);
    }

    private Task<(int ExitCode, string Output, string Error)> InitAsync(params string[] options) =>
        CliProcess.RunAsync(
            ["init", "--api", _emulator.BaseAddress.AbsoluteUri, .. options], Named, ("NIMBLE_API_KEY", Key));
}
