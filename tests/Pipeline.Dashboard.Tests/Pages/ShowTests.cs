using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;
using Pipeline.Dashboard.Pages.Schedules;
using Pipeline.Dashboard.Pages.Views;

namespace Pipeline.Dashboard.Tests.Pages;

/// <summary>How values are shown to people, above all values from strangers.</summary>
public sealed class ShowTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>", "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>")]
    [InlineData("a\u202Egnp.exe", "<bdi>aU&#x2B;202Egnp.exe</bdi>")]
    [InlineData("a\u0000b\u001B[31m", "<bdi>aU&#x2B;0000bU&#x2B;001B[31m</bdi>")]
    [InlineData("\u2066x", "<bdi>U&#x2B;2066x</bdi>")]
    public void TextOfAStrangerIsEncodedAndShowsWhatWouldHideInIt(string text, string expected) =>
        Assert.Equal(expected, Html(Show.Foreign(text)));

    [Fact]
    public void ACharacterIsNotCutInTwo() =>
        Assert.Equal("a… (3 characters)", Show.Cut("a\uD83D\uDE00", 2));

    [Fact]
    public void HalfACharacterIsShownAsSuch() => Assert.Equal("a\uFFFD", Show.Cut("a\uD83D"));

    [Theory]
    [InlineData("שָׁלוֹם กี่ é", "שָׁלוֹם กี่ é")]
    [InlineData("z\u0301\u0302\u0303\u0304\u0305\u0306x", "z\u0301\u0302\u0303\u0304U+0305U+0306x")]
    [InlineData("\u3164\u2800", "U+3164U+2800")]
    public void MarksDoNotCoverOtherLinesAndNothingIsBlank(string text, string expected) =>
        Assert.Equal(expected, Show.Cut(text));

    [Theory]
    [InlineData("urls.txt", "urls.txt")]
    [InlineData(" ", "id-1")]
    [InlineData(null, "id-1")]
    public void AListAlwaysHasAName(string? source, string expected) =>
        Assert.Equal(expected, Show.Name(source, "id-1"));

    [Theory]
    [InlineData("2026-12-01T05:00:00Z", "Europe/Berlin", "2026-12-01 06:00 Europe/Berlin, in 1 h 0 min")]
    [InlineData("2026-12-01T03:58:00Z", "UTC", "overdue by 2 min")]
    [InlineData("2026-12-01T04:00:30Z", "Mars", "in 30 s")]
    public void ARunIsToldInTheTimeZoneOfItsSchedule(string run, string timeZone, string expected) =>
        Assert.Equal(expected, SchedulesPageModel.Describe(
            DateTimeOffset.Parse(run, CultureInfo.InvariantCulture), timeZone,
            new DateTimeOffset(2026, 12, 1, 4, 0, 0, TimeSpan.Zero)));

    [Fact]
    public void TextOfAMegabyteIsCutAndSaysHowLongItIs()
    {
        var html = Html(Show.Url("http://x/" + new string('a', 1_000_000)));
        Assert.Contains("(1,000,009 characters)", html, StringComparison.Ordinal);
        Assert.True(html.Length < 600);
    }

    [Theory]
    [InlineData("Top up the Nimble account, or: pipeline cancel LIST_ID", "pipeline cancel LIST_ID")]
    [InlineData("pipeline submit LIST", "pipeline submit LIST")]
    [InlineData("Check it with: pipeline doctor.", "pipeline doctor")]
    public void CommandsInAdviceCanBePasted(string advice, string command) =>
        Assert.Contains(
            $"<code class=\"command\">{command}</code>", Html(Show.Advice(advice)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Go on: pipeline resume LIST_ID", "pipeline resume LIST_ID --out results")]
    [InlineData("Check it with: pipeline doctor.", "pipeline doctor")]
    public void CommandsInAdviceFindThisPipeline(string advice, string command) =>
        Assert.Contains(
            $"<code class=\"command\">{command}</code>", Html(Show.Advice(advice, " --out results")),
            StringComparison.Ordinal);

    [Fact]
    public void AdviceWithoutACommandIsText() =>
        Assert.Equal("The pipeline waits &lt;b&gt;.", Html(Show.Advice("The pipeline waits <b>.")));

    [Theory]
    [InlineData(0, 10, "0 %")]
    [InlineData(1, 1000, "< 1 %")]
    [InlineData(999, 1000, "99 %")]
    [InlineData(1000, 1000, "100 %")]
    [InlineData(0, 0, "0 %")]
    public void AShareIsNeverRoundedUpToAllNorDownToNone(long part, long whole, string expected) =>
        Assert.Equal(expected, Show.Percent(part, whole));

    [Theory]
    [InlineData(0.2, "under 1 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(240, "4 min")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(180000, "2 d 2 h")]
    public void DurationsAreShort(double seconds, string expected) =>
        Assert.Equal(expected, Show.Age(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void EveryPartOfABarCanBeSeenAndTheyFillIt()
    {
        var bar = Html(Bar.OfInputs(999_998, 1, 0, 1));
        Assert.Contains(
            "aria-label=\"999,998 records, 1 failures, 0 under way, 1 waiting\"", bar, StringComparison.Ordinal);
        Assert.Contains("fill-failures\" x=\"99.206\" width=\"0.397\"", bar, StringComparison.Ordinal);
        Assert.DoesNotContain("fill-underway", bar, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", Html(Bar.OfInputs(0, 0, 0, 0)), StringComparison.Ordinal);
    }

    private static string Html(IHtmlContent content)
    {
        using var writer = new StringWriter();
        content.WriteTo(writer, HtmlEncoder.Default);
        return writer.ToString();
    }
}
