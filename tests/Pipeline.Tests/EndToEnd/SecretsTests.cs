using System.Net;
using System.Text;
using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// Plants secrets wherever the pipeline reads any, and searches everything that it writes for them, at any log level
/// and
/// with faults.
/// </summary>
[Trait("Promise", "6")]
public sealed partial class SecretsTests
{
    private const string ApiKey = "planted-api-key-7f3a";
    private const string SecretKey = "planted-aws-secret-91c2";
    private const string SessionToken = "planted-aws-session-55d0";
    private const string AccountKey = "cGxhbnRlZC1henVyZS1hY2NvdW50LWtleS0wMDAwMDAwMDAwMDAwMDAwMDAwMA==";
    private const string Signature = "planted-sas-signature-a41b";
    private const string Google = "planted-google-refresh-token-6e6e";

    private const string Faults =
        "post_429=1,post_402=1,retry_after_ms=200,get_500=1,get_429=1,webhook_repeat,webhook_form=mixed,webhook_lost="
            + "0.2,task_fail=2,object_truncated=2,object_heal_ms=1500,result_status=blocked@1";

    private static readonly string[] CallbackKeys = [Key('a'), Key('b')];
    private static readonly string[] Planted =
    [
        ApiKey,
        SecretKey,
        SessionToken,
        AccountKey,
        Signature,
        Google,
        .. CallbackKeys,
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NothingThatARunWritesContainsASecret()
    {
        using var folder = new TempFolder();
        await using var emulator = await StartEmulatorAsync(folder["emulator"]);
        var (said, tokens) = await RunAllAsync(folder, emulator);
        Assert.NotEmpty(tokens);
        Assert.Contains("was refused (400)", said, StringComparison.Ordinal);
        Assert.Contains(" info ", said, StringComparison.Ordinal);
        AssertClean(said, "what the commands said", tokens);

        var files = Directory.EnumerateFiles(folder["out"], "*", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(folder["state"], "*", SearchOption.AllDirectories))
            .ToList();
        Assert.Contains(files, f => f.EndsWith("manifest.json", StringComparison.Ordinal));
        Assert.Contains(files, f => f.EndsWith(".db", StringComparison.Ordinal));
        foreach (var file in files)
            AssertClean(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Token)), file, tokens);
    }

    [Theory]
    [InlineData("success")]
    [InlineData("error")]
    public async Task SecretsThatTheApiRepeatsAreRemovedEverywhere(string state)
    {
        string? callback = null;
        await using var api = await TestServer.StartAsync(async context =>
        {
            if (context.Request.Method == "POST")
            {
                var request = Encoding.UTF8.GetString(((SeenRequest)context.Items[typeof(SeenRequest)]!).Body);
                callback = JsonElement.Parse(request).GetProperty("callback_url").GetString()!;
                await TestServer.Json("""{"task":{"id":"t-1","state":"pending"}}""")(context);
            }
            else if (context.Request.Path == "/v1/tasks/t-1/results")
                await TestServer.Json(
                    """{"url":"https://example.com/1","task_id":"t-1","status":"success","data":"""
                        + """{"html":"x"},"_query":"""
                        + $$"""{"callback_url":"{{callback}}"},"callback_url":"{{callback}}","input":"""
                        + $$"""{"callback_url":"{{callback}}"} }""")(context);
            else if (context.Request.Path == "/v1/tasks/t-1")
                await TestServer.Json(
                    $$"""{"task":{"id":"t-1","state":"{{state}}","error":"could not call {{callback}} """
                        + $$"""with {{ApiKey}}","_query":{"callback_url":"{{callback}}"} } }""")(context);
            else
                await TestServer.Json("""{"data":[],"pagination":{"has_next":false}}""")(context);
        });
        using var folder = new TempFolder();
        var run = await CliProcess.RunAsync(
            [.. Command(folder, api.Address), "https://example.com/1"],
            [.. Environment(null), ("Pipeline__Sweep__WebhookGrace", "00:00:00.3")]);
        Assert.True(run.ExitCode == (state == "success" ? ExitCodes.Complete : ExitCodes.SomeFailed), run.Error);
        var files = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Select(f => Encoding.Latin1.GetString(File.ReadAllBytes(f)));
        AssertClean(string.Concat([run.Output, run.Error, .. files]), "logs and files", [callback![^43..]]);
    }

    [Theory]
    [InlineData(400, "shared_inputs.callback_url: {0} must be https")]
    [InlineData(500, "no worker for {0}")]
    public async Task ARefusalThatRepeatsTheCallbackShowsNoToken(int status, string message)
    {
        string? callback = null;
        await using var api = await TestServer.StartAsync(context =>
        {
            if (context.Request.Method != "POST")
                return TestServer.Json("""{"data":[],"pagination":{"has_next":false}}""")(context);
            callback = JsonElement.Parse(
                Encoding.UTF8.GetString(
                    ((SeenRequest)context.Items[typeof(SeenRequest)]!).Body)).GetProperty("callback_url").GetString()!;
            var text = string.Format(System.Globalization.CultureInfo.InvariantCulture, message, callback);
            return TestServer.Json(
                $$"""{"msg":"{{text}} {{ApiKey}}","details":{"schema_validation_errors":["{{text}}"]} }""",
                status)(context);
        });
        using var folder = new TempFolder();
        var run = await CliProcess.RunAsync(
            [.. Command(folder, api.Address), "https://example.com/1"],
            [.. Environment(null), ("Pipeline__Sweep__EvidenceWindow", "00:00:02")]);
        Assert.True(run.ExitCode == ExitCodes.SomeFailed, run.Error);
        var files = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Select(f => Encoding.Latin1.GetString(File.ReadAllBytes(f)));
        AssertClean(string.Concat([run.Output, run.Error, .. files]), "logs and files", [callback![^43..]]);
        Assert.Contains("/[token]", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailingCommandsShowNoSecretEither()
    {
        using var folder = new TempFolder();
        var nobody = $"http://127.0.0.1:{CliProcess.FreePort()}/";
        File.WriteAllText(
            folder["google.json"],
            $$"""
            {"type":"authorized_user","client_id":"x","client_secret":"{{Google}}","refresh_token":"{{Google}}"}
            """);
        (string, string)[][] environments =
        [
            [
                ("AzureWebJobsStorage",
                    $"DefaultEndpointsProtocol=https;AccountName=planted;AccountKey={AccountKey};BlobEndpoint="
                        + $"{nobody}a;QueueEndpoint={nobody}a;TableEndpoint={nobody}a")],
            [
                ("AzureWebJobsStorage",
                    $"BlobEndpoint={nobody}a;QueueEndpoint={nobody}a;TableEndpoint={nobody}a;SharedAccessSignature=sv="
                        + $"2024-01-01&sig={Signature}")],
            [("AzureWebJobsStorage", $"DefaultEndpointsProtocol=https;AccountName=planted;AccountKey=!{AccountKey}")],
            [("AzureWebJobsStorage", $"SharedAccessSignature={Signature}")],
            [("GOOGLE_APPLICATION_CREDENTIALS", folder["google.json"])],
            [("Pipeline__Delivery__CallbackKeys__0", "!" + CallbackKeys[0])],
        ];
        foreach (var environment in environments)
        {
            var storage = environment[0].Item1.StartsWith("GOOGLE", StringComparison.Ordinal)
                ? "gs://results/x/"
                : "s3://results/x/";
            string[][] commands =
            [
                ["doctor", "--api", nobody, "--storage-url", storage],
                environment[0].Item1.StartsWith("Azure", StringComparison.Ordinal)
                    ? ["status", "--json", "--out", folder["out"]]
                    : ["run", "https://example.com/", "--api", nobody, "--storage-url", storage, "--out",
                        folder["out"], "--verbose"],
            ];
            foreach (var command in commands)
            {
                var (exitCode, output, error) = await CliProcess.RunAsync(
                    command, [.. Environment(nobody).Where(e => e.Item1 != environment[0].Item1), .. environment]);
                Assert.NotEqual(ExitCodes.Complete, exitCode);
                AssertClean(output + error, $"{command[0]} with {environment[0]}", []);
            }
        }
    }

    /// <summary>Runs a list with faults, collects all output on the way, and replays.</summary>
    private static async Task<(string Said, IReadOnlyList<string> Tokens)> RunAllAsync(
        TempFolder folder, RunningEmulator emulator)
    {
        var environment = Environment(emulator.S3Endpoint.AbsoluteUri);
        File.WriteAllLines(
            folder["list.ndjson"],
            [
                .. Rig.Urls(30).Select(u => $$"""{"url":"{{u}}"}"""),
                """{"url":"http://sample.test/sample/generated/99","formats":["pdf"]}""", "not a url"]);
        string[] options = [.. Command(folder, emulator.BaseAddress), "--storage-url", "s3://results/tests/"];
        var listen = $"http://127.0.0.1:{CliProcess.FreePort()}/";
        var said = new StringBuilder();
        using (var run = CliProcess.Start([.. options, folder["list.ndjson"], "--listen", listen], environment))
        {
            said.Append(await LookAsync(new(listen)));
            var (exitCode, output, error) = await run.WaitAsync();
            Assert.True(exitCode == ExitCodes.SomeFailed, error);
            said.Append(output).Append(error);
        }

        string[] state = ["--out", folder["out"], "--state", folder["state"]];
        var listId = JsonElement.Parse(
            File.ReadAllText(folder["out/manifest.json"])).GetProperty("list_id").GetString()!;
        string[][] commands =
        [
            ["status", .. state], [
                "status", listId, "--json", .. state], ["failures", .. state], ["failures", "--json", .. state],
            ["doctor", "--api", emulator.BaseAddress.AbsoluteUri, "--storage-url", "s3://results/tests/"],
            ["replay", "--resubmit", "--reason", "task_failed", .. options[1..]],
        ];
        foreach (var command in commands)
        {
            var (_, output, error) = await CliProcess.RunAsync(command, environment);
            said.Append(output).Append(error);
        }

        using var http = new HttpClient();
        said.Append(await http.GetStringAsync(new Uri(emulator.BaseAddress, "_admin/stats"), Token));
        return (said.ToString(), [.. emulator.CallbackUrls.Select(url => url.Segments[^1])]);
    }

    /// <summary>Reads the dashboard, and the answer to a callback with a wrong token.</summary>
    private static async Task<string> LookAsync(Uri listen)
    {
        using var http = new HttpClient { BaseAddress = listen };
        for (var patience = 600; ; patience--)
        {
            try
            {
                var page = await http.GetStringAsync("/", Token);
                using var answer = await http.PostAsync(
                    "/api/callbacks/list-000000/wrong-token", new StringContent("{}"), Token);
                Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
                return page + await answer.Content.ReadAsStringAsync(Token);
            }
            catch (HttpRequestException) when (patience > 0)
            {
                await Task.Delay(100, Token);
            }
        }
    }

    private static async Task<RunningEmulator> StartEmulatorAsync(string data)
    {
        var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new()
            {
                DataFolder = data,
                Faults = Faults,
                ApiKey = ApiKey,
                Storage = StorageMode.Own,
                CallbackBackoff = TimeSpan.FromMilliseconds(50),
            },
            Token);
        await emulator.EnsureBucketAsync("results");
        return emulator;
    }

    private static string[] Command(TempFolder folder, Uri api) =>
        ["run", "--verbose", "--api", api.AbsoluteUri, "--out", folder["out"], "--state", folder["state"]];

    private static (string, string)[] Environment(string? s3) =>
    [
        ("NIMBLE_API_KEY", ApiKey), (
            "AWS_ACCESS_KEY_ID",
            "AKIAPLANTED"), ("AWS_SECRET_ACCESS_KEY", SecretKey), ("AWS_SESSION_TOKEN", SessionToken),
        .. s3 is null ? Array.Empty<(string, string)>() : [("AWS_ENDPOINT_URL_S3", s3)],
        ("Pipeline__Delivery__CallbackKeys__0",
            CallbackKeys[0]), ("Pipeline__Delivery__CallbackKeys__1", CallbackKeys[1]),
        ("Pipeline__Nimble__RequestsPerSecond", "1000"), (
            "Pipeline__Nimble__RefusedPause", "00:00:00.3"), ("Pipeline__Nimble__Timeout", "00:00:10"),
        ("Pipeline__Sweep__PollInterval", "00:00:00.2"), ("Pipeline__Sweep__WebhookGrace", "00:00:01"), (
            "Pipeline__Collect__ObjectDeadline", "00:00:03"),
        ("Runner__SweepInterval", "00:00:00.3"), (
            "Runner__IdleSweepInterval", "00:00:00.1"), ("Logging__LogLevel__Default", "Trace"),
    ];

    private static string Key(char letter) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(new string(letter, 20) + "planted-callback-key"));

    private static void AssertClean(string text, string where, IReadOnlyList<string> tokens)
    {
        foreach (var secret in Planted.Concat(tokens))
        {
            var at = text.IndexOf(secret, StringComparison.Ordinal);
            Assert.True(
                at < 0,
                $"'{secret}' is in {where}: "
                    + $"{(at < 0 ? "" : text[Math.Max(0, at - 200)..Math.Min(text.Length, at + secret.Length + 50)])}");
        }
    }
}
