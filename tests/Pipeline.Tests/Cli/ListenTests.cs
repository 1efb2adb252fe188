using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Cli;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>Where webhooks and the dashboard are served, and which API the outputs name.</summary>
public sealed class ListenTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("http://[::1]:0", "http://[::1]:")]
    [InlineData("http://[::]:0", "http://[::]:")]
    [InlineData("http://127.0.0.1:0", "http://127.0.0.1:")]
    [InlineData("http://localhost:0/", "http://localhost:")]
    public async Task AnyAddressOfThisMachineIsServed(string listen, string said)
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", List(), "--out", _folder["out"], "--listen", listen]);
        Assert.True(exitCode == ExitCodes.Complete, error);
        Assert.Matches($"(?m)^Status: {Regex.Escape(said)}[1-9][0-9]*/$", error);
        Assert.Equal("webhook", Manifest().GetProperty("learnt").EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task WithoutAKeyTerminalPageAndManifestNameTheEmulator()
    {
        const string Notice =
            "NIMBLE_API_KEY is not set, so an emulator on this machine fetches the pages instead of Nimble.";
        var listen = $"http://127.0.0.1:{CliProcess.FreePort()}/";
        using var run = CliProcess.Start(
            ["run", List(), "--out", _folder["out"], "--listen", listen, "--faults", "task_slow_ms=2000"]);
        Assert.Contains("EMULATOR", await PageAsync(listen, run), StringComparison.Ordinal);
        var (exitCode, _, error) = await run.WaitAsync();
        Assert.True(exitCode == ExitCodes.Complete, error);
        Assert.Contains($"{Notice}\n", error, StringComparison.Ordinal);
        Assert.Equal("emulator", Manifest().GetProperty("api").GetString());
    }

    /// <summary>The native program once answered every problem with <c>{}</c>.</summary>
    [Fact]
    public async Task AProblemOfTheApiSaysWhatItIs()
    {
        var listen = $"http://127.0.0.1:{CliProcess.FreePort()}/";
        using var server = CliProcess.Start(["serve", "--out", _folder["out"], "--listen", listen]);
        await PageAsync(listen, server);
        using var http = new HttpClient();
        using var answer = await http.GetAsync(
            new Uri($"{listen}api/lists/none"), TestContext.Current.CancellationToken);

        var problem = JsonElement.Parse(
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(
            ("Not found.", 404, "No list 'none' is known."),
            (problem.GetProperty("title").GetString(), problem.GetProperty("status").GetInt32(),
                problem.GetProperty("detail").GetString()));
        Assert.StartsWith("https://", problem.GetProperty("type").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithAnApiTheManifestNamesItAndNothingMentionsAnEmulator()
    {
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = _folder["emulator"], Storage = Pipeline.Emulator.StorageMode.Own },
            TestContext.Current.CancellationToken);
        var api = emulator.BaseAddress.AbsoluteUri.TrimEnd('/');
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", List(), "--out", _folder["out"], "--api", $"{api}/v2"]);
        Assert.True(exitCode == ExitCodes.Complete, error);
        Assert.DoesNotContain("NIMBLE_API_KEY", error, StringComparison.Ordinal);
        Assert.Equal(api, Manifest().GetProperty("api").GetString());
    }

    [Fact]
    public async Task WithoutAKeyAnApiThatNeedsOneDoesNotCountAsRefusingIt()
    {
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = _folder["emulator"], ApiKey = "right" }, TestContext.Current.CancellationToken);
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", List(), "--out", _folder["out"], "--api", emulator.BaseAddress.AbsoluteUri]);
        Assert.Equal(
            (ExitCodes.Usage, $"pipeline: The API at {emulator.BaseAddress} wants a key, and "
                + "NIMBLE_API_KEY is not set. "
                + "Set it to the key of that API.\n"), (exitCode, error));
    }

    [Fact]
    public async Task ServeOverAStorageAccountNeedsAKeyOrAnApi()
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["serve"], ("AzureWebJobsStorage", "UseDevelopmentStorage=true"));
        Assert.Equal(
            (ExitCodes.Usage, "pipeline: NIMBLE_API_KEY is not set. Set it to process lists of a storage account, "
                + "or name another API with --api.\n"), (exitCode, error));
    }

    [Fact]
    public void AResumedRunKeepsItsAddress()
    {
        var settings = Settings();
        Folders.Prepare(settings, withOut: true);
        var asked = new Uri($"http://127.0.0.1:{CliProcess.FreePort()}/");
        KeptAddresses.Keep(settings, Listener.Choose(settings with { Listen = asked }));

        Assert.Equal(asked, Listener.Choose(settings));
    }

    [Fact]
    public void AResumedRunThatCannotKeepItsAddressSaysSo()
    {
        var settings = Settings();
        Folders.Prepare(settings, withOut: true);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = new Uri($"http://{other.LocalEndpoint}/");
        KeptAddresses.Keep(settings, taken);
        var said = new List<string>();

        Assert.NotEqual(taken, Listener.Choose(settings, said.Add));
        Assert.Equal(
            $"The last run listened at {taken}: the port is in use. "
                + "Webhooks on their way there are lost; Sweep finds their results.",
            Assert.Single(said));
    }

    public void Dispose() => _folder.Dispose();

    private RunSettings Settings() => new()
    {
        Out = _folder["out"], State = _folder["state"], Given = GivenSettings.None, Stores = new(),
    };

    private JsonElement Manifest() => JsonElement.Parse(File.ReadAllText(_folder["out", "manifest.json"]));

    private string List()
    {
        File.WriteAllText(_folder["list.txt"], "http://sample.test/sample/generated/1?bytes=2000\n");
        return _folder["list.txt"];
    }

    /// <summary>Reads the page as soon as it is served; empty if the command ended before.</summary>
    private static async Task<string> PageAsync(string address, CliProcess command)
    {
        using var http = new HttpClient();
        while (command.IsRunning)
        {
            try
            {
                return await http.GetStringAsync(new Uri(address), TestContext.Current.CancellationToken);
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }

        return "";
    }
}
