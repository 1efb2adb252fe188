using Microsoft.Extensions.Time.Testing;
using Pipeline.Collect;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect;

/// <summary>While no delivery can be read, submission pauses, and the reason is reported.</summary>
[Trait("Promise", "8")]
public sealed class RefusedReadsTests
{
    private static readonly PipelineException Refusal =
        PipelineException.Permanent(FailureReasons.AccessDenied, "S3 answered 403 AccessDenied.");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly SubmissionGate _gate;
    private readonly RefusedReads _reads;

    public RefusedReadsTests()
    {
        _gate = new(_time);
        _reads = new(
            _gate, Microsoft.Extensions.Options.Options.Create(new PipelineOptions()), _time,
            new CollectedLogs<RefusedReads>());
    }

    [Fact]
    public void SubmissionPausesWhenEveryReadIsDenied()
    {
        _reads.Note(Refusal);
        _reads.Note(Refusal);
        Assert.Null(_gate.Current);
        _reads.Note(Refusal);

        Assert.Equal(HoldReason.Deliveries, _gate.Current!.Hold);
        Assert.Contains("S3 answered 403 AccessDenied.", _gate.Current.Reason, StringComparison.Ordinal);
        Assert.Contains("Collect:RefusedWindow", _gate.Current.Reason, StringComparison.Ordinal);
        _reads.Clear();
        Assert.Null(_gate.Current);
    }

    [Fact]
    public void ADenialBetweenSuccessfulReadsDoesNotPauseSubmission()
    {
        for (var i = 0; i < 10; i++)
        {
            _reads.Note(Refusal);
            _reads.Clear();
        }

        Assert.Null(_gate.Current);
    }

    [Fact]
    public void APauseForAnotherReasonRemains()
    {
        _gate.PauseFor(TimeSpan.FromHours(1), "The day's budget is used up.", HoldReason.DailyBudget);
        for (var i = 0; i < 5; i++)
            _reads.Note(Refusal);
        _reads.Clear();

        Assert.Equal(HoldReason.DailyBudget, _gate.Current!.Hold);
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
}
