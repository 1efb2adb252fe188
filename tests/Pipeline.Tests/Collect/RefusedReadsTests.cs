using Microsoft.Extensions.Time.Testing;
using Pipeline.Collect;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Submit;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect;

/// <summary>While no delivery can be read, submission pauses, and the reason is reported.</summary>
[Trait("Promise", "8")]
public sealed class RefusedReadsTests : IAsyncLifetime
{
    private static readonly PipelineException Refusal =
        PipelineException.Permanent(FailureReasons.AccessDenied, "S3 answered 403 AccessDenied.");

    private readonly LocalState _state = new();
    private readonly FakeTimeProvider _time;
    private SubmissionGate _gate = null!;
    private RefusedReads _reads = null!;

    public RefusedReadsTests() => _time = _state.Time;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => (_gate, _reads) = await OpenAsync();

    public ValueTask DisposeAsync() => _state.DisposeAsync();

    [Fact]
    public async Task SubmissionPausesWhenEveryReadIsDenied()
    {
        await _reads.NoteAsync(Refusal, Token);
        await _reads.NoteAsync(Refusal, Token);
        Assert.Null(_gate.Current);
        await _reads.NoteAsync(Refusal, Token);

        Assert.Equal(HoldReason.Deliveries, _gate.Current!.Hold);
        Assert.Contains("S3 answered 403 AccessDenied.", _gate.Current.Reason, StringComparison.Ordinal);
        Assert.Contains("Collect:RefusedWindow", _gate.Current.Reason, StringComparison.Ordinal);
        await _reads.ClearAsync();
        Assert.Null(_gate.Current);
    }

    [Fact]
    public async Task ADenialBetweenSuccessfulReadsDoesNotPauseSubmission()
    {
        for (var i = 0; i < 10; i++)
        {
            await _reads.NoteAsync(Refusal, Token);
            await _reads.ClearAsync();
        }

        Assert.Null(_gate.Current);
    }

    [Fact]
    public async Task APauseForAnotherReasonRemains()
    {
        _gate.PauseForDay(TimeSpan.FromHours(1), "The day's budget is used up.");
        for (var i = 0; i < 5; i++)
            await _reads.NoteAsync(Refusal, Token);
        await _reads.ClearAsync();

        Assert.Equal(HoldReason.DailyBudget, _gate.Current!.Hold);
    }

    [Fact]
    public async Task AProcessThatReadsNothingLearnsThatDeliveriesCannotBeRead()
    {
        // On Azure, different instances collect, submit and report.
        var (other, _) = await OpenAsync();
        for (var i = 0; i < 3; i++)
            await _reads.NoteAsync(Refusal, Token);
        Assert.Equal(HoldReason.Deliveries, (await other.FindAsync(Token))!.Hold);
        await _reads.ClearAsync();
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await other.FindAsync(Token));
    }

    [Fact]
    public void AResultWaitsForHoursButNotForever()
    {
        var message = new ResultMessage("l-000000", "t-1", DiscoveredBy.Webhook, _time.GetUtcNow());
        _time.Advance(TimeSpan.FromHours(11));
        Assert.False(_reads.IsOver(message));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.True(_reads.IsOver(message));
    }

    private async Task<(SubmissionGate Gate, RefusedReads Reads)> OpenAsync()
    {
        var options = Microsoft.Extensions.Options.Options.Create(new PipelineOptions());
        var gate = new SubmissionGate(
            new LocalPauseLedger(await _state.OpenAsync()), options, _time, new CollectedLogs<SubmissionGate>());
        return (gate, new(gate, options, _time, new CollectedLogs<RefusedReads>()));
    }
}
