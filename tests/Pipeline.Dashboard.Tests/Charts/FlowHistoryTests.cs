using System.Text.Encodings.Web;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Dashboard.Charts;
using Pipeline.Diagnostics;

namespace Pipeline.Dashboard.Tests.Charts;

/// <summary>What charts draw is what was measured, within bounds of memory.</summary>
public sealed class FlowHistoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 29, 10, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Start);

    [Fact]
    public void RecordsAreCountedInTheMinuteInWhichTheyWereWritten()
    {
        using var history = new FlowHistory(_time);
        Write(count: 3, nimble: 10, collect: 1);
        _time.Advance(TimeSpan.FromMinutes(2));
        Write(count: 1, nimble: 40, collect: 2);

        var hour = history.Read(60, minutes: 1);
        Assert.Equal((3, 0, 1), (hour[^3].PerMinute, hour[^2].PerMinute, hour[^1].PerMinute));
        Assert.InRange(hour[^1].Hops["result"].Quantile(0.5)!.Value, 40, 40 * 1.34);
        Assert.Null(hour[^2].Hops["result"].Quantile(0.5));
        Assert.Equal(4, history.Read(96, minutes: 15).Sum(point => point.Hops["collect"].Count));
    }

    [Fact]
    public void WhatIsADayOldIsForgotten()
    {
        using var history = new FlowHistory(_time);
        Write(count: 5, nimble: 1, collect: 1);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.All(history.Read(96, minutes: 15), point => Assert.Equal(0, point.Hops["collect"].Count));
        Write(count: 1, nimble: 1, collect: 1);
        Assert.Equal(1, history.Read(60, minutes: 1)[^1].PerMinute);
    }

    [Theory]
    [InlineData(0.5, 50)]
    [InlineData(0.99, 99)]
    public void QuantilesAreRightToAThird(double share, double expected)
    {
        var lags = new LagSketch();
        for (var i = 1; i <= 100; i++)
            lags.Add(i);
        Assert.InRange(lags.Quantile(share)!.Value, expected, expected * 1.34);
    }

    [Fact]
    public void ExtremeTimesStayInTheSketch()
    {
        var lags = new LagSketch();
        foreach (var seconds in new[] { 0, double.Epsilon, 1e12, double.MaxValue })
            lags.Add(seconds);
        Assert.Equal(4, lags.Count);
        Assert.True(double.IsFinite(lags.Quantile(1)!.Value));
    }

    [Fact]
    public void AChartOfNothingIsAChart()
    {
        using var writer = new StringWriter();
        Chart.Draw("nothing", "1 h ago", value => $"{value}", ("p50", [null, null]))
            .WriteTo(writer, HtmlEncoder.Default);
        Assert.DoesNotContain("NaN", writer.ToString(), StringComparison.Ordinal);
    }

    private static void Write(int count, double nimble, double collect)
    {
        for (var i = 0; i < count; i++)
        {
            PipelineMetrics.CountRecord(200, "webhook");
            PipelineMetrics.MeasureLag("result", TimeSpan.FromSeconds(nimble));
            PipelineMetrics.MeasureLag("collect", TimeSpan.FromSeconds(collect));
        }
    }
}
