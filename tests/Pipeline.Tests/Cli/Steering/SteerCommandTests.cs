using System.Text.Json;
using Pipeline.Tests.Cli.Inputs;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli.Steering;

/// <summary>
/// <c>pipeline pause</c>, <c>resume</c> and <c>cancel</c>, beside a run of the same list in another process.
/// </summary>
public sealed class SteerCommandTests : IDisposable
{
    private const string Url = "http://sample.test/sample/generated/1";
    private readonly StateFolder _state = new();

    [Fact]
    public async Task ARunPostsNothingOfAPausedListUntilItIsResumed()
    {
        var list = _state.Write("list.txt", Url, "http://sample.test/sample/none");
        await _state.RunAsync("submit", list, "--list-id", "mine");
        var unread = await _state.RunAsync("pending", "mine");
        Assert.Equal((0, ""), (unread.ExitCode, unread.Output));
        Assert.StartsWith("List mine was not read yet.", unread.Error, StringComparison.Ordinal);
        var paused = (0, $"List mine is paused. Go on with: {_state.Pasted("resume mine")}\n", "");
        Assert.Equal(paused, await _state.RunAsync("pause", "mine"));
        Assert.Equal(paused, await _state.RunAsync("pause", "mine"));

        using var run = _state.Start("run", list, "--list-id", "mine");
        using var follower = _state.Start("records", "mine", "--follow");
        var pending = await WaitForPendingAsync();
        Assert.Equal([1, 2], pending.Select(input => input.GetProperty("line").GetInt32()));
        var (_, shown, told) = await _state.RunAsync("pending", "mine");
        var id = pending[0].GetProperty("id").GetString();
        Assert.StartsWith($"{id}  line 1  {Url}\n", shown, StringComparison.Ordinal);
        Assert.StartsWith("2 inputs are pending.", told, StringComparison.Ordinal);
        var history = (await _state.RunAsync("explain", Url)).Output;
        Assert.Contains("never posted", history, StringComparison.Ordinal);
        Assert.Contains("The list is paused. Continue with: pipeline resume mine", history, StringComparison.Ordinal);
        Assert.True(run.IsRunning && follower.IsRunning);

        Assert.Equal((0, "List mine goes on.\n", ""), await _state.RunAsync("resume", "mine"));
        var (exitCode, _, error) = await run.WaitAsync();
        Assert.True(exitCode == 0, error);
        var followed = await follower.WaitAsync();
        Assert.Equal((0, ""), (followed.ExitCode, followed.Error));
        Assert.Equal(
            _state.ReadOutput("records.ndjson").Order(StringComparer.Ordinal),
            followed.Output.TrimEnd('\n').Split('\n').Order(StringComparer.Ordinal));
        foreach (var verb in new[] { "pause", "resume", "cancel" })
            await _state.RefusedAsync("List mine is closed, so it cannot be ", verb, "mine");
    }

    [Fact]
    public async Task ACancelledListEndsWithoutAPost()
    {
        var list = _state.Write("list.txt", Url);
        await _state.RunAsync("submit", list, "--list-id", "mine");
        var (exitCode, output, _) = await _state.RunAsync("cancel", "mine");
        Assert.Equal(0, exitCode);
        Assert.StartsWith("List mine is being cancelled.", output, StringComparison.Ordinal);
        Assert.EndsWith($"See: {_state.Pasted("status mine")}\n", output, StringComparison.Ordinal);
        await _state.RefusedAsync("List mine is cancelled, so it cannot be resumed.", "resume", "mine");

        Assert.Equal(3, (await _state.RunAsync("run", list, "--list-id", "mine")).ExitCode);

        Assert.Equal((0, "List mine is cancelled and closed.\n", ""), await _state.RunAsync("cancel", "mine"));
        Assert.Equal((0, "", ""), await _state.RunAsync("records", "mine", "--follow"));
        var history = (await _state.RunAsync("explain", Url)).Output;
        Assert.Contains("Failed as cancelled: ", history, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SeveralListsAreSteeredUntilOneCannotBe()
    {
        await _state.RunAsync("submit", _state.Write("a.txt", Url), "--list-id", "a");
        await _state.RunAsync("submit", _state.Write("b.txt", Url + "2"), "--list-id", "b");

        var (exitCode, output, error) = await _state.RunAsync("pause", "a", "none", "b");

        Assert.Equal(2, exitCode);
        Assert.StartsWith("List a is paused.", Assert.Single(output.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.StartsWith("pipeline: No list 'none' is known in ", error, StringComparison.Ordinal);
    }

    public void Dispose() => _state.Dispose();

    private async Task<IReadOnlyList<JsonElement>> WaitForPendingAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience.Limit);
        while (true)
        {
            limit.Token.ThrowIfCancellationRequested();
            var (_, output, _) = await _state.RunAsync("pending", "mine", "--json");
            if (output.Length > 0)
                return [.. output.TrimEnd().Split('\n').Select(line => JsonElement.Parse(line))];
        }
    }
}
