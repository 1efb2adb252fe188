using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

public sealed class HostingTests
{
    [Fact]
    public async Task CannedPagesDifferAndNothingIsFetched()
    {
        using var folder = new TempFolder();
        await using var site = await TestSite.StartAsync();
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = folder.Path, CannedBytes = 5000 },
            TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = emulator.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", "any");
        var pages = new HashSet<string>();
        foreach (var n in new[] { 1, 2 })
        {
            var answer = await http.PostAsJsonAsync(
                "v1/extract/async", new { url = site.Page(n) }, TestContext.Current.CancellationToken);
            var id = (string)JsonNode.Parse(
                await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["task"]!["id"]!;
            HttpResponseMessage? result = null;
            await Patience.UntilAsync(
                async () =>
                    (
                        result = await http.GetAsync(
                            $"v1/tasks/{id}/results", TestContext.Current.CancellationToken)).IsSuccessStatusCode);
            pages.Add(
                (string)JsonNode.Parse(
                    await result!.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["data"]!["html"]!);
        }

        Assert.Equal(2, pages.Count);
        Assert.All(pages, page => Assert.Equal(5000, page.Length));
        Assert.Equal(0, site.Fetches);
    }

    [Fact]
    public async Task ARestartKeepsFinishedTasksAndContinuesTheOthers()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var done = await lab.RunBatchAsync(3, "s3://b/");
        var urls = Enumerable.Range(0, 5).Select(n => $"{lab.Site.Address}/held/{n}");
        var open = (string)(await lab.PostBatchAsync(urls, "s3://b/", callback: true))["batch_id"]!;
        await Patience.UntilAsync(
            async () =>
                (await lab.GetAsync($"v1/batches/{open}"))["tasks"]
                    .AsArray()
                    .Any(t => (string)t!["state"]! == "in_progress"));

        await lab.RestartAsync();

        Assert.Equal(WithoutPort(done), WithoutPort((await lab.GetAsync($"v1/batches/{done["id"]}")).Body!));
        Assert.Equal(200, (await lab.GetAsync($"v1/tasks/{done["tasks"]![0]!["id"]}/results")).Status);
        Assert.NotNull(await lab.ReadObjectAsync((string)done["tasks"]![0]!["output_url"]!));
        lab.Site.Held.SetResult();
        var batch = await lab.FinishAsync(open);
        Assert.All(batch["tasks"]!.AsArray(), t => Assert.Equal("success", (string)t!["state"]!));
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 5);
        Assert.Equal(8, (int)(await lab.StatsAsync())["tasks"]["total"]!);
        await lab.RunBatchAsync(1);
    }

    [Fact]
    public async Task AKilledProcessContinuesAfterARestart()
    {
        using var folder = new TempFolder();
        await using var site = await TestSite.StartAsync();
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", "any");
        var body = new JsonObject
        {
            ["inputs"] = new JsonArray(
                [.. Enumerable.Range(0, 300).Select(n => new JsonObject { ["url"] = site.Page(n) })]),
            ["shared_inputs"] = new JsonObject { ["callback_url"] = site.Hook("k") },
        };

        var (first, address) = await StartProcessAsync(folder.Path);
        var answer = await http.PostAsJsonAsync(
            new Uri(address, "v1/extract/batch"), body, TestContext.Current.CancellationToken);
        var batchId = (string)JsonNode.Parse(
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["batch_id"]!;
        await Patience.UntilAsync(() => site.Fetches > 20);
        first.Kill();
        await first.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(site.Webhooks.Count < 300);
        (var second, address) = await StartProcessAsync(folder.Path);
        try
        {
            await Patience.UntilAsync(async () =>
                (bool)JsonNode.Parse(
                    await http.GetStringAsync(
                        new Uri(address, $"v1/batches/{batchId}/progress"),
                        TestContext.Current.CancellationToken))!["completed"]!);
            await Patience.UntilAsync(
                () => site.Webhooks.Select(w => (string)w.Body["task"]!["id"]!).Distinct().Count() == 300);
        }
        finally
        {
            second.Kill();
            await second.WaitForExitAsync(TestContext.Current.CancellationToken);
            first.Dispose();
            second.Dispose();
        }
    }

    [Fact]
    public async Task APortInUseIsReported()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var port = lab.Emulator.BaseAddress.Port;
        var options = new EmulatorOptions
        {
            DataFolder = lab.DataFolder + "-other",
            Address = lab.Emulator.BaseAddress,
        };
        var error = await Assert.ThrowsAsync<IOException>(
            () => Pipeline.Emulator.Emulator.StartAsync(options, CancellationToken.None));
        Assert.Equal(
            $"Cannot listen on 127.0.0.1:{port}: port {port} is in use. Stop the other program or choose another port.",
            error.Message);
    }

    [Fact]
    public async Task OnlyOneEmulatorMayUseAFolder()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var options = new EmulatorOptions { DataFolder = lab.DataFolder };
        var error = await Assert.ThrowsAsync<IOException>(
            () => Pipeline.Emulator.Emulator.StartAsync(options, CancellationToken.None));
        Assert.Equal(
            $"Another emulator uses the folder '{lab.DataFolder}'. Stop it or choose another folder.", error.Message);
    }

    [Theory]
    [InlineData("https://127.0.0.1:5005/")]
    [InlineData("http://example.test:5005/")]
    public async Task AnUnusableAddressIsRefused(string address)
    {
        var options = new EmulatorOptions { DataFolder = Path.GetTempPath(), Address = new(address) };
        var error = await Assert.ThrowsAsync<ArgumentException>(
            () => Pipeline.Emulator.Emulator.StartAsync(options, CancellationToken.None));
        Assert.StartsWith(
            $"Cannot listen on '{address}'. Use an address such as http://127.0.0.1:5005; port 0 takes a free port.",
            error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--port 70000", "--port takes a number from 0 to 65535.")]
    [InlineData(
        "--port 0 --urls http://127.0.0.1:0", "--port and --urls both say where to listen. Give one of them.")]
    [InlineData(
        "--record f", "--record FILE and --upstream URL go together: the file to write, and the API to record.")]
    [InlineData(
        "--record f --upstream sdk.nimbleway.com",
        "--upstream takes an address without a path, such as https://sdk.nimbleway.com, not 'sdk.nimbleway.com'.")]
    [InlineData(
        "--record f --upstream http://a.test --replay f",
        "--record and --replay exclude each other. Record a session first, then replay it.")]
    [InlineData(
        "--replay f --faults post_402",
        "--faults has no effect while a session is recorded or replayed. Leave it out.")]
    [InlineData("--data", "--data needs a value.")]
    [InlineData("--dir x", "There is no option '--dir'. --help lists the options.")]
    [InlineData("--data x --storage there", "--storage takes own, outside or auto.")]
    [InlineData("--data x --workers 0", "--workers takes a number from 1 to 1000.")]
    [InlineData("--data x --urls 5005", "--urls takes a URL such as http://127.0.0.1:5005, not '5005'.")]
    [InlineData("--data x --canned 1x", "--canned takes a number of bytes from 2000 to 33554432.")]
    [InlineData("--data x stray", "There is no option 'stray'. --help lists the options.")]
    [InlineData("--data x @file", "There is no option '@file'. --help lists the options.")]
    public void WrongArgumentsAreReportedInOneLine(string args, string message) =>
        Assert.Equal(
            message,
            Assert.Throws<FormatException>(
                () => EmulatorArguments.Parse(args.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Message);

    [Fact]
    public void ArgumentsBecomeOptions()
    {
        var options = EmulatorArguments.Parse(
            [
                "--data", "/d", "--urls", "http://127.0.0.1:1234", "--api-key", "k", "--faults", "post_429=1",
                "--storage", "own", "--workers", "8"])!;
        Assert.Equal(
            new()
            {
                DataFolder = "/d",
                Address = new("http://127.0.0.1:1234"),
                ApiKey = "k",
                Faults = "post_429=1",
                Storage = StorageMode.Own,
                Workers = 8,
                Log = true,
            },
            options);
        Assert.Null(EmulatorArguments.Parse(["--help"]));
        options = EmulatorArguments.Parse(["--allow-private", "--data=/d", "--canned", "30000"])!;
        var expected = new EmulatorOptions { DataFolder = "/d", Address = new("http://127.0.0.1:5005"), Log = true };
        Assert.Equal(expected with { AllowPrivate = true, CannedBytes = 30000 }, options);
        options = EmulatorArguments.Parse(
            ["--port", "0", "--record", "f", "--upstream", "http://a.test", "--callback-base", "http://b.test"])!;
        expected = new() { DataFolder = "", Address = new("http://127.0.0.1:0"), Log = true };
        Assert.Equal(
            expected with { RecordFile = "f", Upstream = new("http://a.test"), CallbackBase = new("http://b.test") },
            options);
    }

    [Fact]
    public void TheHelpNamesEveryOptionWithin80Columns()
    {
        var lines = EmulatorArguments.Help.Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        string[] options =
        [
            "--data DIR", "--urls URL", "--api-key KEY", "--storage MODE", "--workers N", "--canned BYTES",
            "--faults LIST", "--allow-private", "--help", "--port N", "--exit-with-stdin", "--record FILE",
            "--upstream URL", "--callback-base URL", "--replay FILE",
        ];
        foreach (var option in options)
            Assert.Contains(lines, line => line.StartsWith($"  {option} ", StringComparison.Ordinal));
        Assert.Contains($"{new string(' ', 23)}outside: S3 and GCS, configured by their own environment", lines);
    }

    private static string WithoutPort(JsonNode node) =>
        System.Text.RegularExpressions.Regex.Replace(node["tasks"]!.ToJsonString(), @"127\.0\.0\.1:\d+/v1", "");

    private static async Task<(Process Process, Uri Address)> StartProcessAsync(string folder)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Pipeline.Emulator.dll"), "--data", folder, "--allow-private",
                "--urls", "http://127.0.0.1:0", "--storage", "own"])
        {
            RedirectStandardError = true,
        };
        start.LeaveNoDiagnosticFiles();
        var process = Process.Start(start)!;
        var line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken)
            .AsTask().WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.StartsWith("The emulator listens on http://", line, StringComparison.Ordinal);
        return (process, new(line!.Split(' ')[^1]));
    }
}
