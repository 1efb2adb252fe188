using System.Text.Json;
using Pipeline.Notation;

namespace Pipeline.Tests.Cli.Inputs;

/// <summary><c>pipeline pending</c>, <c>explain</c> and <c>records</c> after a run, as a user types them.</summary>
public sealed class InputCommandTests : IDisposable
{
    private const string Url = "http://sample.test/sample/generated/1";
    private readonly StateFolder _state = new();

    [Fact]
    public async Task AClosedListHasRecordsAndHistoriesAndNothingPending()
    {
        await RunListAsync();

        Assert.Equal((0, "", "No input is pending.\n"), await _state.RunAsync("pending", "mine"));
        Assert.Equal((0, "", ""), await _state.RunAsync("pending", "mine", "--json"));
        var expected = _state.ReadOutput("records.ndjson").Order(StringComparer.Ordinal).ToList();
        Assert.Equal(2, expected.Count);
        Assert.Equal(expected, await RecordsAsync("records", "mine"));
        Assert.Equal(expected, await RecordsAsync("records", "mine", "--follow"));
    }

    [Fact]
    public async Task AnInputIsExplainedByItsUrlItsIdItsTaskAndItsBatch()
    {
        await RunListAsync();
        var record = JsonElement.Parse(
            _state.ReadOutput("records.ndjson").Single(line => line.Contains(Url, StringComparison.Ordinal)));
        string Of(string member) => record.GetProperty(member).GetString()!;

        var (exitCode, told, error) = await _state.RunAsync("explain", Url);
        Assert.Equal((0, ""), (exitCode, error));
        var lines = told.TrimEnd().Split('\n');
        Assert.Equal($"{Of("id")}  recorded  {Url}", lines[0]);
        Assert.Equal(
            ["intake", "submit", "nimble", "collect", "collect"], lines[1..].Select(line => line[23..].Split(' ')[0]));
        Assert.Contains("Record written, HTTP 200.", lines[^1], StringComparison.Ordinal);
        Assert.Contains(" reported by ", lines[^2], StringComparison.Ordinal);
        var times = lines[1..].Select(line => line[..21]).ToList();
        Assert.Equal(times.Order(StringComparer.Ordinal), times);
        Assert.Equal(told, (await _state.RunAsync("explain", Of("id"))).Output);
        Assert.Equal(told, (await _state.RunAsync("explain", Of("task_id"))).Output);
        Assert.StartsWith(told, (await _state.RunAsync("explain", Of("batch_id"))).Output, StringComparison.Ordinal);
        Assert.Equal(told, (await _state.RunAsync("explain", Url, "--list", "mine")).Output);

        var json = JsonElement.Parse((await _state.RunAsync("explain", Of("task_id"), "--json")).Output);
        var input = Assert.Single(json.GetProperty("inputs").EnumerateArray());
        Assert.Equal(Of("id"), input.GetProperty("id").GetString());
        Assert.Equal("recorded", input.GetProperty("state").GetString());
        var attempt = Assert.Single(input.GetProperty("attempts").EnumerateArray());
        Assert.Equal(Of("submission_id"), attempt.GetProperty("submission_id").GetString());
    }

    [Fact]
    public async Task AFailureIsExplainedByItsIdWithItsReasonAndItsLine()
    {
        await RunListAsync();
        var failure = JsonElement.Parse(Assert.Single(_state.ReadOutput("failures.ndjson")));
        var id = failure.GetProperty("id").GetString()!;

        var (exitCode, told, _) = await _state.RunAsync("explain", id);

        Assert.Equal(0, exitCode);
        Assert.StartsWith($"{id}  failed  \"not a url\"\n", told, StringComparison.Ordinal);
        Assert.Contains("Read from line 3 of list.txt", told, StringComparison.Ordinal);
        Assert.Contains("Failed as invalid_input: ", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsNotKnownIsSaidInOneLine()
    {
        await _state.RunAsync("submit", _state.Write("list.txt", Url), "--list-id", "mine");

        var status = $"in {_state.StatePath}. '{_state.Pasted("status --all")}' shows the lists.";
        foreach (var command in new[] { "pending", "records", "pause", "resume", "cancel" })
            await _state.RefusedAsync($"No list 'other' is known {status}", command, "other");
        foreach (var id in new[] { "a/b", "\u001b[31m" })
            await _state.RefusedAsync($"No list {DisplayText.Quote(id)} is known {status}", "pending", id);
        await _state.RefusedAsync($"No list 'other' is known {status}", "explain", Url, "--list", "other");
        await _state.RefusedAsync("'not a url' is no URL, id, task or batch.", "explain", "not a url");
        foreach (var text in new[] { "http://elsewhere.test/", "mine", new string('a', 32) })
            Assert.Equal(
                (1, "", $"Nothing is known of '{text}' {status}\n"), await _state.RunAsync("explain", text));
        var (exitCode, json, _) = await _state.RunAsync("explain", "http://elsewhere.test/", "--json");
        Assert.Equal((1, 0), (exitCode, JsonElement.Parse(json).GetProperty("inputs").GetArrayLength()));
    }

    [Fact]
    public async Task RecordsThatAreNotInTheFolderAreNoSuccess()
    {
        await RunListAsync();
        File.Delete(_state.RecordsFile);

        var (exitCode, output, error) = await _state.RunAsync("records", "mine");

        Assert.Equal((1, ""), (exitCode, output));
        Assert.StartsWith(
            $"pipeline: 2 records of list mine could not be printed: not found in {_state.RecordsFile}. ", error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAStateEachSaysWhereItLooked()
    {
        foreach (var command in new[] { "pending", "records", "explain", "pause" })
            await _state.RefusedAsync("There is no state in ", command, "mine");
    }

    public void Dispose() => _state.Dispose();

    private async Task RunListAsync()
    {
        var list = _state.Write("list.txt", Url, "http://sample.test/sample/none", "not a url");
        var (exitCode, _, error) = await _state.RunAsync("run", list, "--list-id", "mine");
        Assert.True(exitCode == 3, error);
    }

    private async Task<IReadOnlyList<string>> RecordsAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await _state.RunAsync(arguments);
        Assert.Equal((0, ""), (exitCode, error));
        return [.. output.TrimEnd('\n').Split('\n').Order(StringComparer.Ordinal)];
    }
}
