using System.Net;
using System.Net.Sockets;
using Pipeline.Cli;
using Pipeline.Emulator;
using Pipeline.Tests.Intake;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>A run that cannot start says why in one clear line, before it writes anything.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Out => _folder["out"];

    [Theory]
    [InlineData("none.txt", null, "none.txt. Name an existing file")]
    [InlineData("list.txt", "", "The list has no URL.")]
    [InlineData("list.txt", "# only a comment\n", "The list has no URL.")]
    [InlineData("list.json", "{\"inputs\":[{\"url\":\"http://a/\"}", "line 1")]
    public async Task AnUnusableList(string name, string? content, string message)
    {
        if (content is not null)
            File.WriteAllText(_folder[name], content);
        await RefusedAsync(message, ["run", _folder[name], "--out", Out]);
    }

    [Fact]
    public async Task TheUnusableOneOfSeveralListsIsNamed()
    {
        File.WriteAllText(_folder["a.txt"], "https://a.example/\n");
        File.WriteAllText(_folder["empty.txt"], "");
        await RefusedAsync(
            "pipeline: empty.txt: The list has no URL.",
            ["run", _folder["a.txt"], _folder["empty.txt"], List("https://b.example/"), "--out", Out]);
    }

    [Fact]
    public async Task TwoDifferentListsWithTheSameId()
    {
        File.WriteAllText(_folder["a.json"], """{"list_id":"mine","inputs":["https://a.example/"]}""");
        File.WriteAllText(_folder["b.json"], """{"list_id":"mine","inputs":["https://b.example/"]}""");
        await RefusedAsync(
            "b.json: Another list already has the list_id 'mine'.",
            ["run", _folder["a.json"], _folder["b.json"], "--out", Out]);
    }

    [Fact]
    public async Task AnIdOfAnotherListInThisFolderIsRefusedAndTheOtherListStays()
    {
        string[] state = ["--state", _folder["state"]];
        File.WriteAllText(_folder["a.json"], """{"list_id":"mine","inputs":["https://a.example/"]}""");
        File.WriteAllText(_folder["b.json"], """{"list_id":"mine","inputs":["https://b.example/"]}""");
        var absence = $"Nobody works in this folder yet. Start: 'pipeline serve --state {_folder["state"]}'\n";
        Assert.Equal((0, "mine\n", absence), await CliProcess.RunAsync(["submit", _folder["a.json"], .. state]));
        await RefusedAsync(
            "b.json: Another list already has the list_id 'mine'.", ["submit", _folder["b.json"], .. state]);
        Assert.Equal((0, "mine\n", absence), await CliProcess.RunAsync(["submit", _folder["a.json"], .. state]));
    }

    [Fact]
    public async Task StatusKnowsAnIdAsSoonAsSubmitPrintsIt()
    {
        string[] state = ["--state", _folder["state"]];
        var (exitCode, id, _) = await CliProcess.RunAsync(
            ["submit", Cases.PathOf("countries.csv.gz"), "--shared", "url=https://a.example/", .. state]);
        Assert.Equal(ExitCodes.Complete, exitCode);
        var (known, json, _) = await CliProcess.RunAsync(["status", id.Trim(), "--json", .. state]);
        Assert.Equal(ExitCodes.Complete, known);
        Assert.Contains("\"state\":\"Planning\"", json, StringComparison.Ordinal);
        Assert.Contains("\"source\":\"countries.csv.gz\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACsvWithoutAUrlColumnIsToldHowToNameIt()
    {
        await RefusedAsync("--url-column Address", ["run", Cases.PathOf("frog.csv"), "--out", Out]);
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["submit", Cases.PathOf("frog.csv"), "--url-column", "address", "--state", _folder["state"]]);
        Assert.Equal(ExitCodes.Complete, exitCode);
        Assert.Contains(
            "frog.csv: 'Content Type', 'Status Code' are not extraction fields: they stay in the 'input' of each "
                + "record and are not sent to Nimble.",
            error.ReplaceLineEndings(" ").Replace("  ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EachBadLineHasALineOfItsOwnAndTenAreShown()
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", List([.. Enumerable.Range(1, 12).Select(i => $"no-url-{i}")]), "--out", Out]);
        Assert.Equal(ExitCodes.Usage, exitCode);
        var lines = error.Split('\n');
        Assert.StartsWith("pipeline: list.txt: The list has no URL. ", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("line 1", lines[0], StringComparison.Ordinal);
        for (var i = 1; i <= 10; i++)
            Assert.StartsWith($"  line {i}: 'no-url-{i}' is not", lines[i], StringComparison.Ordinal);
        Assert.Equal(["  and 2 more", ""], lines[11..]);
    }

    [Fact]
    public async Task ACsvListWhoseUrlColumnIsUnknownBehindATitleIsToldHowToNameIt()
    {
        File.WriteAllText(_folder["report.csv"], "Shops of 2026\n\nname,website\nA,https://a.example/\n");
        await RefusedAsync(
            "The CSV list has no column 'url'. Its columns are 'name', 'website'. Name the column that holds the "
                + "URLs: --url-column website",
            ["run", _folder["report.csv"], "--out", Out]);
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["submit", _folder["report.csv"], "--url-column", "website", "--state", _folder["state"]]);
        Assert.Equal(ExitCodes.Complete, exitCode);
        Assert.Contains(
            "report.csv: 1 line above the header row was skipped; the header is line 3.\n", error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task SubmitPrintsJsonForProgramsWhereItIsAskedFor()
    {
        File.WriteAllText(_folder["a.json"], """{"list_id":"mine","inputs":["https://a.example/",7]}""");
        var (exitCode, output, _) = await CliProcess.RunAsync(
            ["submit", _folder["a.json"], "--json", "--state", _folder["state"]]);
        Assert.Equal(
            (0, """[{"list_id":"mine","source":"a.json","inputs":2,"bad":1}]""" + "\n"), (exitCode, output));
    }

    [Fact]
    public async Task AStrictListWithAnInvalidLine() =>
        await RefusedAsync("line 2: ", ["run", List("http://a/", "b"), "--out", Out, "--strict"]);

    [Theory]
    [InlineData(
        "--api", "not an address",
        "--api is 'not an address'. Write an http or https address, such as https://sdk.nimbleway.com.")]
    [InlineData(
        "--listen", "ftp://x",
        "--listen is 'ftp://x'. Write an http address without a path, such as http://127.0.0.1:8080.")]
    [InlineData("--shared", "country", "'country' is not a shared input. Write name=value, for example country=US.")]
    [InlineData(
        "--storage-url", "bucket/prefix",
        "--storage-url is 'bucket/prefix'. Write s3://bucket/prefix/ or gs://bucket/prefix/.")]
    [InlineData("--faults", "nonsense=1", "nonsense")]
    [InlineData("--content", "both", "--content is 'both'. Write inline or reference.")]
    [InlineData(
        "--no-such-option", "1",
        "There is no option '--no-such-option'. For a file of that name, write ./--no-such-option.")]
    public async Task AnUnusableOption(string option, string value, string message) =>
        await RefusedAsync(message, ["run", List("http://a/"), "--out", Out, option, value]);

    [Fact]
    public async Task AnUnwritableFolder()
    {
        File.WriteAllText(_folder["file"], "");
        await RefusedAsync("cannot be written", ["run", List("http://a/"), "--out", _folder["file", "out"]]);
    }

    [Fact]
    public async Task APortInUse()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        await RefusedAsync(
            "Choose another address with --listen.",
            ["run", List("http://a/"), "--out", Out, "--listen", $"http://{other.LocalEndpoint}"]);
    }

    [Fact]
    public async Task ASettingOutOfRange() =>
        await RefusedAsync(
            "Pipeline__Intake__MaxInputsPerSubmission is '5000'. Write a whole number from 1 to 1,000, such as 1000.",
            ["run", List("http://a/"), "--out", Out], ("Pipeline__Intake__MaxInputsPerSubmission", "5000"));

    [Fact]
    public async Task ANimbleApiWithoutAKey() =>
        await RefusedAsync(
            "NIMBLE_API_KEY is not set.",
            ["run", List("http://a/"), "--out", Out, "--api", "https://sdk.nimbleway.com"]);

    [Fact]
    public async Task AWrongKeyAMissingBucketAndRefusedCredentials()
    {
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = _folder["emulator"], ApiKey = "right", Storage = StorageMode.Own },
            TestContext.Current.CancellationToken);
        (string, string)[] store =
        [
            ("AWS_ENDPOINT_URL_S3", emulator.S3Endpoint.AbsoluteUri),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("STORAGE_EMULATOR_HOST", emulator.GcsEndpoint.AbsoluteUri),
        ];
        string[] run =
        [
            "run",
            List("http://a/"),
            "--out",
            Out,
            "--api",
            emulator.BaseAddress.AbsoluteUri,
            "--storage-url",
        ];

        await RefusedAsync(
            "Nimble refuses the API key (401).", [.. run, "s3://none/"],
            [.. store, ("NIMBLE_API_KEY", "wrong-secret-key")]);
        await RefusedAsync(
            "The bucket 'none' does not exist", [.. run, "s3://none/"],
            [.. store, ("NIMBLE_API_KEY", "right"), ("AWS_ACCESS_KEY_ID", "x")]);
        await RefusedAsync("none", [.. run, "gs://none/"], [.. store, ("NIMBLE_API_KEY", "right")]);
        await emulator.EnsureBucketAsync("there");
        await RefusedAsync(
            "403", [.. run, "s3://there/"], [.. store, ("NIMBLE_API_KEY", "right"), ("AWS_ACCESS_KEY_ID", "denied")]);
    }

    [Fact]
    public async Task AnUnreachableApiIsAnErrorAndNotWrongUsage()
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", List("http://a/"), "--out", Out, "--api", "http://127.0.0.1:9"],
            ("Pipeline__Nimble__Timeout", "00:00:05"));
        Assert.Equal(ExitCodes.Error, exitCode);
        Assert.Contains("127.0.0.1:9", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public async Task HelpIsNotAnError()
    {
        foreach (var arguments in (string[][])[["--help"], ["run", "--help"], ["emulator", "--help"]])
        {
            var (exitCode, output, error) = await CliProcess.RunAsync(arguments);
            Assert.Equal((0, ""), (exitCode, error));
            Assert.NotEmpty(output);
        }
    }

    public void Dispose() => _folder.Dispose();

    private string List(params string[] lines)
    {
        File.WriteAllLines(_folder["list.txt"], lines);
        return _folder["list.txt"];
    }

    private async Task RefusedAsync(
        string message, IEnumerable<string> arguments, params IEnumerable<(string, string)> environment)
    {
        var (exitCode, output, error) = await CliProcess.RunAsync(arguments, environment);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.StartsWith("pipeline: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret-key", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out) && Directory.EnumerateFiles(Out).Any());
    }
}
