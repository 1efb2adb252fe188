using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Cli;
using Pipeline.Model;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>What the real command writes, for people, for <c>grep</c> and for programs.</summary>
public sealed class TerminalTests : IAsyncLifetime
{
    private static readonly string Hostile = string.Concat(CleanConsoleTests.Hostile);

    private readonly TempFolder _folder = new();
    private Pipeline.Emulator.RunningEmulator _emulator = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Out => _folder["out"];

    public async ValueTask InitializeAsync() => _emulator = await Pipeline.Emulator.Emulator.StartAsync(
        new() { DataFolder = _folder["emulator"], Storage = Pipeline.Emulator.StorageMode.Own }, Token);

    public async ValueTask DisposeAsync()
    {
        await _emulator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task ControlCharactersOfAListOrItsNameAreNotObeyed()
    {
        // Every character that a file name may have on this machine.
        var allowed = Hostile.Replace("\0", "", StringComparison.Ordinal);
        var name = _folder[$"list {allowed.Replace("/", "", StringComparison.Ordinal)}\n.txt"];
        File.WriteAllText(name, $"http://sample.test/sample/generated/1\nbad {allowed}\n");

        var run = await RunAsync(["run", name, "--verbose", "--api", _emulator.BaseAddress.AbsoluteUri, "--out", Out]);
        var failures = await RunAsync(["failures", "--out", Out]);
        var status = await RunAsync(["status", ListId(), "--out", Out]);
        var again = await RunAsync(["run", name, "--api", _emulator.BaseAddress.AbsoluteUri, "--out", Out]);
        var missing = await RunAsync(["run", name + "x", "--out", Out]);

        Assert.Equal(ExitCodes.SomeFailed, run.ExitCode);
        Assert.Contains("\\u001B", status.Output, StringComparison.Ordinal);
        Assert.Equal(1, missing.Error.Count(c => c == '\n'));
        foreach (var said in new[] { run, failures, status, again, missing })
            Assert.Equal([], CleanConsoleTests.Obeyed(said.Output + said.Error));
    }

    [Fact]
    public async Task ControlCharactersFromTheApiAreNotObeyed()
    {
        var answer = JsonSerializer.Serialize(new { message = $"No. {Hostile}" });
        await using var api = await TestServer.StartAsync(async context =>
        {
            context.Response.StatusCode = context.Request.Method == "POST" ? 422 : 200;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(
                context.Request.Method == "POST"
                    ? answer
                    : """{"data":[],"pagination":{"has_next":false,"next_cursor":null}}""");
        });

        var run = await RunAsync(
            ["run", List("http://a.example/"), "--verbose", "--api", api.Address.AbsoluteUri, "--out", Out]);
        var failures = await RunAsync(["failures", "--out", Out]);
        var json = await RunAsync(["failures", "--json", "--out", Out]);

        Assert.Equal(ExitCodes.SomeFailed, run.ExitCode);
        Assert.Contains("\\u001B", failures.Output, StringComparison.Ordinal);
        Assert.Contains(
            "\u001b[31m", JsonElement.Parse(json.Output).GetProperty("message").GetString(), StringComparison.Ordinal);
        foreach (var said in new[] { run, failures, json })
            Assert.Equal([], CleanConsoleTests.Obeyed(said.Output + said.Error));
    }

    [Fact]
    public async Task ControlCharactersOfAQueueMessageAreNotObeyed()
    {
        var state = _folder["state"];
        await using (var database = await LocalDatabase.OpenAsync(state, Token))
            await new LocalWorkQueue(database, TimeProvider.System).SendAsync(
                QueueNames.UrlLists,
                [Encoding.UTF8.GetBytes($"{{\"source\":\"file:///no{JsonEncodedText.Encode(Hostile)}.txt\"}}")],
                TimeSpan.Zero, Token);
        using var serve = CliProcess.Start(
            [
                "serve", "--api", _emulator.BaseAddress.AbsoluteUri, "--state", state, "--out", Out, "--listen",
                $"http://127.0.0.1:{CliProcess.FreePort()}"]);

        await serve.WaitForAsync("\\u001B");
        await serve.KillAsync();

        var (_, output, error) = await serve.WaitAsync();
        Assert.Equal([], CleanConsoleTests.Obeyed(output + error));
    }

    [Fact]
    public async Task DataIsUtf8WhateverTheLocale()
    {
        const string Snowman = "http://sample.test/☃-é-漢";
        (string, string)[] latin = [("LC_ALL", "en_US.ISO-8859-1"), ("LANG", "en_US.ISO-8859-1")];
        await CliProcess.RunAsync(
            [
                "run", List("http://sample.test/sample/generated/1", $"{Snowman} {Snowman}"), "--api",
                _emulator.BaseAddress.AbsoluteUri, "--out", Out],
            latin);

        var (_, output, _) = await CliProcess.RunAsync(["failures", "--json", "--out", Out], latin);
        var text = await CliProcess.RunAsync(["status", ListId(), "--out", Out], latin);

        Assert.Contains("☃-é-漢", output, StringComparison.Ordinal);
        Assert.Contains("list-☃.txt", text.Output, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Object, JsonElement.Parse(output).ValueKind);
    }

    [Fact]
    public async Task GrepFindsAnIdTogetherWithItsMessage()
    {
        await RunAsync(
            [
                "run", List("http://sample.test/sample/generated/1", "bad"), "--api", _emulator.BaseAddress.AbsoluteUri,
                "--out", Out]);
        (string, string)[] narrow = [("COLUMNS", "80"), ("TERM", "xterm")];

        var status = await CliProcess.RunAsync(["status", ListId(), "--out", Out], narrow);
        var failures = await CliProcess.RunAsync(["failures", "--details", "--out", Out], narrow);

        Assert.Matches($"(?m)^{ListId()} +closed +2 +1 +1 +[^\n]*list-☃.txt$", status.Output);
        Assert.Matches($"(?m)^list {ListId()}$", failures.Output);
        Assert.Matches($"(?m)^  [0-9a-f]{{32}}  invalid_input", failures.Output);
    }

    [Fact]
    public async Task JsonGivesTheSummaryAsOneObject()
    {
        string[] run =
        [
            "run",
            List("http://sample.test/sample/generated/1", "bad"),
            "--json",
            "--api",
            _emulator.BaseAddress.AbsoluteUri,
        ];
        var (exitCode, output, error) = await RunAsync([.. run, "--out", Out]);

        var summary = JsonElement.Parse(output);
        Assert.Equal((ExitCodes.SomeFailed, exitCode), (summary.GetProperty("exit_code").GetInt32(), exitCode));
        Assert.Equal(ListId(), summary.GetProperty("lists")[0].GetString());
        Assert.Equal((2, 1, 1), (Number("inputs"), Number("records"), Number("failures")));
        Assert.Equal(1, summary.GetProperty("failures_by_reason").GetProperty("invalid_input").GetInt32());
        Assert.Equal(Path.Combine(Out, "records.ndjson"), summary.GetProperty("records_file").GetString());
        Assert.Contains("found by", error, StringComparison.Ordinal);

        int Number(string name) => summary.GetProperty(name).GetInt32();
    }

    private string ListId() =>
        JsonElement.Parse(File.ReadAllText(Path.Combine(Out, "manifest.json"))).GetProperty("list_id").GetString()!;

    private string List(params string[] lines)
    {
        File.WriteAllLines(_folder["list-☃.txt"], lines);
        return _folder["list-☃.txt"];
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(IEnumerable<string> arguments) =>
        CliProcess.RunAsync(arguments);
}
