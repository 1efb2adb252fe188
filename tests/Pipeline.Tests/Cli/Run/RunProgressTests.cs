using Pipeline.Cli;
using Pipeline.Cli.Run;

namespace Pipeline.Tests.Cli.Run;

/// <summary>What a run says while it works.</summary>
public sealed class RunProgressTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 10, 57, 0, TimeSpan.Zero);

    private static readonly RunProgress Half = new()
    {
        Counts = new(Inputs: 15_000, Posted: 14_000, Resubmitted: 0, Unanswered: 0, Records: 7_497, Failures: 3),
        Elapsed = new(0, 12, 5),
        PerMinute = 1_020,
    };

    [Fact]
    public void ItShowsRateAndTimeLeftAndWhatItWaitsFor()
    {
        var wait = new NimbleWait(
            3, Now.AddMinutes(-4), Now.AddMinutes(-4).AddDays(1), Now, "Nimble");

        Assert.Equal(
            [
                "[##########..........] 50%  7,500 of 15,000 URLs done, 3 failed",
                "elapsed 0:12:05   1,020 URLs/min   about 7 min left",
                "waiting for 3 tasks at Nimble, the oldest for 4 min; given up tomorrow 10:53 UTC",
            ],
            (Half with { Wait = wait }).ToScreen());
        Assert.Equal(
            "7,500 of 15,000 URLs done, 3 failed, 14,000 posted, elapsed 0:12:05, 1,020 URLs/min, about 7 min left",
            Half.ToLine());
    }

    [Fact]
    public void WhatARestoredLedgerLooksForIsSaid() => Assert.Contains(
        "14,000 posted, 40 looked for at Nimble, elapsed",
        (Half with { Counts = Half.Counts with { LookedFor = 40 } }).ToLine(), StringComparison.Ordinal);

    [Fact]
    public void NothingIsLeftOnceAllIsDone()
    {
        var done = Half with { Counts = Half.Counts with { Records = 14_997 } };

        Assert.Equal(
            ["[####################] 100%  15,000 of 15,000 URLs done, 3 failed", "elapsed 0:12:05"], done.ToScreen());
        Assert.DoesNotContain("left", done.ToLine(), StringComparison.Ordinal);
    }

    [Fact]
    public void OneMissingUrlIsNotAHundredPercent() => Assert.StartsWith(
        "[###################.] 99%  14,999 of",
        (Half with { Counts = Half.Counts with { Records = 14_996 } }).ToScreen().First(), StringComparison.Ordinal);

    [Fact]
    public void WhileTheListIsReadNoShareAndNoTimeAreMadeUp()
    {
        var planning = Half with { IsPlanning = true };

        Assert.Equal(
            ["reading the list: 15,000 URLs so far", "elapsed 0:12:05   1,020 URLs/min"], planning.ToScreen());
        Assert.Equal("reading the list: 15,000 URLs so far", planning.ToLine());
    }

    [Theory]
    [InlineData(12 * 60, "today 22:57 UTC")]
    [InlineData(24 * 60, "tomorrow 10:57 UTC")]
    [InlineData(72 * 60, "on 2026-12-02 10:57 UTC")]
    public void AMomentIsNamedByItsDay(int minutes, string expected) =>
        Assert.Equal(expected, Durations.Moment(Now.AddMinutes(minutes), Now));
}
