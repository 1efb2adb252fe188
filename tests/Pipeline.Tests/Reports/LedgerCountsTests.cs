using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Reports;

public sealed class LedgerCountsTests
{
    /// <summary>
    /// Most POSTs are answered at once. Showing them as unanswered until then would alarm people for nothing.
    /// </summary>
    [Theory]
    [InlineData(SubmissionState.Posting, 0, 0)]
    [InlineData(SubmissionState.Posting, 3, 0)]
    [InlineData(SubmissionState.Posting, 4, 5)]
    [InlineData(SubmissionState.Unknown, 0, 5)]
    [InlineData(SubmissionState.Accepted, 60, 0)]
    public void OnlyAPostWhoseAnswerIsOverdueIsUnanswered(SubmissionState state, int seconds, int unanswered)
    {
        var submission = Some.Submission(count: 5) with { State = state, PostedAt = Some.Time };
        var sums = new SubmissionSums(Some.Time.AddSeconds(seconds));
        sums.Add(submission, default!);
        Assert.Equal(unanswered, sums.Counts.Unanswered);
    }

    /// <summary>As far as the restored ledger knows, nobody has posted it.</summary>
    [Fact]
    public void WhatARestoredLedgerLooksForIsNoUnansweredPost()
    {
        var submission = Some.Submission(count: 5) with
        {
            State = SubmissionState.Unknown, LostSince = Some.Time, LostUntil = Some.Time,
        };
        var sums = new SubmissionSums(Some.Time);
        sums.Add(submission, default!);
        Assert.Equal((0, 5), (sums.Counts.Unanswered, sums.Counts.LookedFor));
    }
}
