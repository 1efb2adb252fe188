using System.Globalization;
using Pipeline.Model;
using Pipeline.Scheduling;

namespace Pipeline.Tests.Scheduling;

/// <summary>Runs come at the time of the wall clock, through both changes of daylight saving.</summary>
public sealed class CronTimesTests
{
    [Theory]
    [InlineData("0 6 * * *", "UTC", "2026-11-29T06:00Z", "2026-11-30T06:00Z")]
    [InlineData("0 6 * * *", "Europe/Berlin", "2026-03-28T05:00Z", "2026-03-29T04:00Z")]
    [InlineData("0 6 * * *", "Europe/Berlin", "2026-10-24T04:00Z", "2026-10-25T05:00Z")]
    // 02:30 does not exist on 29 March, and comes twice on 25 October.
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T00:30Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30Z", "2026-10-26T01:30Z")]
    [InlineData("@daily", "Asia/Kolkata", "2026-11-29T00:00Z", "2026-11-29T18:30Z")]
    public void TheNextRunIsAtTheWallClocksTime(string cron, string zone, string after, string expected) =>
        Assert.Equal(Time(expected), CronTimes.Next(cron, zone, Time(after)));

    [Fact]
    public void AnExpressionWithoutAFurtherTimeHasNone() =>
        Assert.Null(CronTimes.Next("0 0 30 2 *", "UTC", Time("2026-11-29T00:00Z")));

    [Theory]
    [InlineData("every day", "UTC", "0 6 * * *")]
    [InlineData("61 * * * *", "UTC", "0 6 * * *")]
    [InlineData("0 6 * * *", "Europe/Bremen", "Europe/Berlin")]
    public void WhatCannotBeUsedIsReportedWithAnExample(string cron, string zone, string example)
    {
        var problem = Assert.Throws<PipelineException>(() => CronTimes.Next(cron, zone, Time("2026-11-29T00:00Z")));
        Assert.True(problem.IsPermanent);
        Assert.Contains(example, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0 25 * * *", ": its hour is '25', and takes 0 to 23. ")]
    [InlineData("0 6 * * MOONDAY", ": its day of week is 'MOONDAY', and takes 0 to 7 or SUN to SAT. ")]
    [InlineData("0 0 6 * * *", ", which has 6 fields. ")]
    [InlineData("often", "'often'. ")]
    public void TheFieldThatIsWrongIsNamed(string cron, string expected)
    {
        var problem = Assert.Throws<PipelineException>(() => CronTimes.Next(cron, "UTC", Time("2026-11-29T00:00Z")));
        Assert.StartsWith($"The cron expression is '{cron}'", problem.Message, StringComparison.Ordinal);
        Assert.Contains(expected + "Write five fields", problem.Message, StringComparison.Ordinal);
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
