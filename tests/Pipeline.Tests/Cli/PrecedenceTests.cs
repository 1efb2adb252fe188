using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>
/// Option, then environment, then default, in every command, through the real command line. If a command has no option
/// for
/// a setting, an invalid environment variable shows that the command binds the same settings.
/// </summary>
public sealed class PrecedenceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("run", "LIST")]
    [InlineData("serve")]
    [InlineData("replay")]
    public async Task AnOptionOverridesTheEnvironment(string command, params string[] rest)
    {
        (string, string)[] environment =
        [
            ("Pipeline__Delivery__StorageUrl", "from-environment"), ("Pipeline__Collect__Content", "from-environment"),
            ("Pipeline__Guards__MaxUrlsPerList", "from-environment"), ("Pipeline__Guards__Canary", "from-environment"),
            ("Pipeline__Nimble__BaseUrl", "from-environment"), ("Pipeline__Delivery__CallbackBase", "from-environment"),
            ("Pipeline__Collect__FailStatuses", "from-environment"), ("NIMBLE_API_KEY", "key"),
        ];
        string[] options =
        [
            "--storage-url", "from-option", "--content", "from-option", "--max-urls", "from-option", "--canary",
                "from-option",
            "--api", "from-option", "--callback-base", "from-option", "--fail-status", "from-option",
        ];

        var fromOptions = await FaultsAsync([command, .. rest, .. options], environment);
        var fromEnvironment = await FaultsAsync([command, .. rest], environment);

        Assert.Equal(
            ["--api", "--callback-base", "--canary", "--content", "--fail-status", "--max-urls", "--storage-url"],
            fromOptions.Select(fault => fault.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.All(fromOptions, fault => Assert.Contains("'from-option'", fault, StringComparison.Ordinal));
        Assert.Equal(7, fromEnvironment.Count);
        Assert.All(fromEnvironment, fault => Assert.Matches("^Pipeline__.* is 'from-environment'\\. ", fault));
    }

    [Theory]
    [InlineData("run", "LIST")]
    [InlineData("serve")]
    [InlineData("submit", "LIST")]
    [InlineData("status")]
    [InlineData("failures")]
    [InlineData("replay")]
    public async Task EveryCommandChecksTheWholeEnvironmentAtStart(string command, params string[] rest)
    {
        var faults = await FaultsAsync(
            [command, .. rest],
            [
                ("Pipeline__Collect__MaxDepth", "abc"), ("Runner__Visibility", "x"), ("AWS_REGION", "\"eu\"\r"),
                ("AzureWebJobsStorage", "x")]);
        Assert.Equal(
            ["AWS_REGION", "AzureWebJobsStorage", "Pipeline__Collect__MaxDepth", "Runner__Visibility"],
            faults.Select(fault => fault.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task SubmitReadsOptionsAndEnvironmentAlike()
    {
        File.WriteAllLines(_folder["list.txt"], ["http://a.example/", "not a url"]);
        string[] submit = ["submit", _folder["list.txt"], "--out", _folder["out"]];

        Assert.Equal(ExitCodes.Complete, (await CliProcess.RunAsync(submit)).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await CliProcess.RunAsync([.. submit, "--strict"])).ExitCode);
        Assert.Equal(
            ExitCodes.Usage, (await CliProcess.RunAsync(submit, ("Pipeline__Intake__Strict", "true"))).ExitCode);
        Assert.Equal(
            ExitCodes.Complete,
            (
                await CliProcess.RunAsync(
                    [.. submit, "--strict", "false"], ("Pipeline__Intake__Strict", "true"))).ExitCode);
    }

    [Fact]
    public async Task DoctorChecksWhatTheOptionsNameElseWhatTheEnvironmentNames()
    {
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = _folder.Path, ApiKey = "key", Storage = Pipeline.Emulator.StorageMode.Own },
            TestContext.Current.CancellationToken);
        await emulator.EnsureBucketAsync("of-option");
        await emulator.EnsureBucketAsync("of-environment");
        (string, string)[] environment =
        [
            ("NIMBLE_API_KEY", "key"), ("Pipeline__Nimble__BaseUrl", emulator.BaseAddress.AbsoluteUri),
            ("Pipeline__Delivery__StorageUrl",
                "s3://of-environment/"), ("AWS_ENDPOINT_URL_S3", emulator.S3Endpoint.AbsoluteUri),
            ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x"),
        ];

        var asked = await CliProcess.RunAsync(["doctor"], environment);
        Assert.True(asked.ExitCode == ExitCodes.Complete, asked.Output + asked.Error);
        Assert.Contains("s3://of-environment/ is listed", asked.Output, StringComparison.Ordinal);
        Assert.Contains(
            "s3://of-option/ is listed",
            (await CliProcess.RunAsync(["doctor", "--storage-url", "s3://of-option/"], environment)).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARecordHasTheContentThatTheOptionSelects()
    {
        (string, string)[] environment =
        [
            ("Pipeline__Collect__Content", "Reference"),
            ("Pipeline__Guards__RefusedDomains__0", "a.example"),
        ];
        string[] run = ["run", "--out", _folder["out"], "--content", "Inline", "--refuse-domain", "b.example"];
        File.WriteAllLines(
            _folder["list.txt"], ["http://sample.test/sample/generated/1", "http://a.example/", "http://b.example/"]);

        var (exitCode, _, error) = await CliProcess.RunAsync([.. run, _folder["list.txt"]], environment);

        Assert.True(exitCode == ExitCodes.SomeFailed, error);
        Assert.Contains("\"content\":{", File.ReadAllText(_folder["out", "records.ndjson"]), StringComparison.Ordinal);
        Assert.Equal(
            2,
            File.ReadAllLines(_folder["out", "failures.ndjson"])
                .Count(line => line.Contains("domain_refused", StringComparison.Ordinal)));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<IReadOnlyList<string>> FaultsAsync(IEnumerable<string> arguments, (string, string)[] environment)
    {
        File.WriteAllLines(_folder["list.txt"], ["http://a.example/"]);
        var (exitCode, output, error) = await CliProcess.RunAsync(
            [.. arguments.Select(a => a == "LIST" ? _folder["list.txt"] : a), "--out", _folder["out"]], environment);
        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.False(Directory.Exists(_folder["out"]));
        return
        [
            .. error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line["pipeline: ".Length..]),
        ];
    }
}
