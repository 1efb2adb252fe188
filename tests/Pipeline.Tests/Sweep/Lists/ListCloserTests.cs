using System.Collections.Concurrent;
using System.Text.Json;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Tests.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Sweep.Lists;

/// <summary>Lists close without reading their inputs again, and a slow close delays nothing else.</summary>
[Trait("Promise", "1")]
public sealed class ListCloserTests : IAsyncDisposable
{
    private const int Submissions = 20;

    private readonly ConcurrentQueue<(string Method, object?[] Arguments)> _calls = [];
    private SubmitWorld _world = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AListClosesByTheNotesOfItsSubmissionsAndReadsNoInput()
    {
        await StartAsync();
        foreach (var submission in (await _world.SubmissionsAsync()).SkipLast(1))
            await _world.FinishAsync(submission.SubmissionId, records: 1);
        _calls.Clear();
        await _world.FinishAsync("list-000019", records: 1);

        Assert.Equal(ListState.Closed, await StateAsync(SubmitWorld.ListId));
        Assert.All(
            _calls.Where(call => call.Method == nameof(ILedger.GetInputsAsync)),
            call => Assert.Equal("list-000019", call.Arguments[0]));
    }

    [Fact]
    public async Task AClosedSubmissionOfAnOpenListIsNotReadAgain()
    {
        await StartAsync();
        var read = new List<int>();
        foreach (var submission in (await _world.SubmissionsAsync()).SkipLast(1))
        {
            await _world.FinishAsync(submission.SubmissionId, records: 1);
            read.AddRange(_calls
                .Where(call => call.Method == nameof(ILedger.GetSubmissionsAsync))
                .Select(call => (int)call.Arguments[1]!));
            _calls.Clear();
        }

        // Each submission that closes advances the position from which the list is read.
        Assert.Equal(Enumerable.Range(1, Submissions - 1), read.Where(from => from > 0));
    }

    [Fact]
    public async Task ASubmissionOfAnOlderVersionHasItsInputsCounted()
    {
        await StartAsync();
        foreach (var submission in (await _world.SubmissionsAsync()).SkipLast(1))
            await _world.FinishAsync(submission.SubmissionId, records: 1);
        var old = (await _world.Ledger.GetSubmissionAsync("list-000003", Token))!;
        await _world.Ledger.UpdateSubmissionAsync(old with { Tally = null }, Token);
        await _world.FinishAsync("list-000019", records: 0);

        await AssertManifestAsync(records: Submissions - 1, failures: 1);
    }

    [Fact]
    public async Task ANoteThatDoesNotAddUpHasTheInputsCounted()
    {
        await StartAsync();
        foreach (var submission in (await _world.SubmissionsAsync()).SkipLast(1))
            await _world.FinishAsync(submission.SubmissionId, records: 1);
        var wrong = (await _world.Ledger.GetSubmissionAsync("list-000003", Token))!;
        await _world.Ledger.UpdateSubmissionAsync(
            wrong with { Tally = new OutcomeTally { Records = 7 }.ToString() }, Token);
        await _world.FinishAsync("list-000019", records: 0);

        await AssertManifestAsync(records: Submissions - 1, failures: 1);
    }

    [Fact]
    public async Task ASubmissionThatWasOpenedAgainKeepsItsListOpen()
    {
        await StartAsync();
        foreach (var submission in (await _world.SubmissionsAsync()).SkipLast(1))
            await _world.FinishAsync(submission.SubmissionId, records: 1);
        // The position from which the list is read is far behind this one.
        var now = _world.State.Time.GetUtcNow();
        var early = (await _world.Ledger.GetSubmissionAsync("list-000002", Token))!;
        await _world.Ledger.UpdateSubmissionAsync(early.Reopen(now, now.AddMinutes(5)), Token);
        await _world.FinishAsync("list-000019", records: 1);
        Assert.Equal(ListState.Open, await StateAsync(SubmitWorld.ListId));

        _world.State.Time.Advance(TimeSpan.FromMinutes(6));
        await _world.SweepAsync();
        await AssertManifestAsync(records: Submissions, failures: 0);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AListThatTakesLongToCloseHoldsUpNeitherTheSweepNorOtherLists()
    {
        using var gate = new ManualResetEventSlim();
        await StartAsync(IsCloseOfSlow, gate);
        await _world.PlanAsync([SubmitWorld.Url(1)], "slow");
        await _world.WorkAsync();
        var pass = _world.FinishAsync("slow-000000", records: 1);
        await Patience.UntilAsync(() => CountCloses() == 1);
        await _world.State.Time.AdvanceUntilAsync(pass, TimeSpan.FromSeconds(1));
        Assert.Equal(ListState.Open, await StateAsync("slow"));

        foreach (var submission in await _world.SubmissionsAsync())
            await _world.FinishAsync(submission.SubmissionId, records: 1);
        Assert.Equal((ListState.Closed, ListState.Open), (await StateAsync("list"), await StateAsync("slow")));

        gate.Set();
        await Patience.UntilAsync(async () => await StateAsync("slow") == ListState.Closed);

        // No other sweep started the same close again.
        Assert.Equal(1, CountCloses());
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task StartAsync(Predicate<(string, object?[])>? blocks = null, ManualResetEventSlim? gate = null)
    {
        _world = await SubmitWorld.StartAsync(
            o => o.Intake.MaxInputsPerSubmission = 1,
            (method, arguments) =>
            {
                _calls.Enqueue((method, arguments));
                if (blocks?.Invoke((method, arguments)) == true)
                    gate!.Pass();
            });
        await _world.PlanAsync(Submissions);
        await _world.WorkAsync();
        await _world.SweepAsync();
        _calls.Clear();
    }

    private int CountCloses() => _calls.Count(call => IsCloseOfSlow(call));

    private static bool IsCloseOfSlow((string Method, object?[] Arguments) call) =>
        call is (nameof(ILedger.UpdateListAsync), [ListEntry { ListId: "slow", State: ListState.Closed }, ..]);

    private async Task<ListState> StateAsync(string listId) =>
        (await _world.Ledger.GetListAsync(listId, Token))!.State;

    private async Task AssertManifestAsync(int records, int failures)
    {
        Assert.Equal(ListState.Closed, await StateAsync(SubmitWorld.ListId));
        var json = await File.ReadAllTextAsync(Path.Combine(_world.State.OutFolder, "manifest.json"), Token);
        using var manifest = JsonDocument.Parse(json);
        Assert.Equal(
            (records, failures),
            (manifest.RootElement.GetProperty("records").GetInt32(),
                manifest.RootElement.GetProperty("failures").GetInt32()));
    }
}
