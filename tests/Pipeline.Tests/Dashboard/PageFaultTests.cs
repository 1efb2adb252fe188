using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Moq;
using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Steering;

namespace Pipeline.Tests.Dashboard;

/// <summary>What pages show when something cannot be read, is gone, or has changed since it was shown.</summary>
public sealed class PageFaultTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "10")]
    public async Task ALedgerThatDoesNotAnswerIsSaidOnAPageThatSaysWhenToTryAgain()
    {
        var ledger = new Mock<IActionLedger>();
        ledger.Setup(l => l.FindActionAsync(It.IsAny<string>(), It.IsAny<CancellationToken>())).ThrowsAsync(
            PipelineException.Transient("unavailable", "The state is locked.", TimeSpan.FromSeconds(7)));
        await using var api = await ApiWorld.StartAsync("", register: s => s.AddSingleton(ledger.Object));

        using var answer = await api.Client.GetAsync("/lists", Token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), answer.Headers.RetryAfter?.Delta);
        Assert.Contains(
            "The state is locked. Load this page again in 7 s.", await answer.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AFaultOfOursIsAPageToo()
    {
        var ledger = new Mock<IScheduleLedger>();
        ledger.Setup(l => l.GetSchedulesAsync(It.IsAny<CancellationToken>()))
            .ThrowsAsync(new InvalidOperationException("secret detail"));
        await using var api = await ApiWorld.StartAsync("", register: s => s.AddSingleton(ledger.Object));

        using var answer = await api.Client.GetAsync("/schedules", Token);
        var page = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Contains("This page failed", page);
        Assert.DoesNotContain("secret detail", page);
    }

    [Fact]
    public async Task AListThatWasErasedMeanwhileIsNamedAsSuch()
    {
        await using var api = await ApiWorld.StartAsync("");
        await api.World.PlanAsync(3);
        await api.World.WorkAsync();
        await api.World.FinishAsync("list-000000", records: 3);
        await api.World.SweepAsync();
        var page = new PageForm(api, "/lists/list");
        await api.Services.GetRequiredService<ListErasure>().EraseAsync("list", new(), "me", Token);

        foreach (var (status, text) in new[] { await page.GetAsync(), await page.SendAsync("/lists/list/replay") })
        {
            Assert.Equal(HttpStatusCode.NotFound, status);
            Assert.Contains("List list was erased.", text);
        }
        using var answer = await api.Client.GetAsync("/api/lists/list", Token);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("List list was erased.", await answer.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task AScheduleThatWasRemovedMeanwhileIsNamedAsSuch()
    {
        await using var api = await ApiWorld.StartAsync("");

        var (status, page) = await new PageForm(api, "/schedules").SendAsync("/schedules/daily/pause");

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("There is no schedule &#x27;daily&#x27;.", page);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AQuestionIsAskedAgainIfMoreHasFailedSince()
    {
        await using var api = await ApiWorld.StartAsync("");
        await api.World.PlanAsync(3);
        await api.World.WorkAsync();
        await api.World.FinishAsync("list-000000", records: 0);
        await api.World.SweepAsync();
        var form = new PageForm(api, "/lists/list/resubmit");

        var (status, page) = await form.SendAsync("/lists/list/resubmit", ("confirmed", "2"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("More inputs have failed since you were asked.", page);
        Assert.Contains("name=\"confirmed\" value=\"3\"", page);

        (status, _) = await form.SendAsync("/lists/list/resubmit", ("confirmed", "3"));
        Assert.Equal(HttpStatusCode.SeeOther, status);
    }

    [Fact]
    public async Task ListsThatCameSinceTheQuestionAreNotCancelledUnasked()
    {
        await using var api = await ApiWorld.StartAsync("");
        await api.World.PlanAsync(["https://example.com/1"], "shop-1");
        await api.World.PlanAsync(["https://example.com/2"], "shop-2");
        var form = new PageForm(api, "/lists");

        var (status, page) = await form.SendAsync("/bulk/cancel", ("name", "shop"), ("confirmed", "1"));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("More lists have come since you were asked.", page);
        Assert.Equal(ListSteering.None, (await api.World.Ledger.GetListAsync("shop-1", Token))!.Steering);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task ToAnswerAQuestionTwiceRunsAScheduleOnce()
    {
        await using var api = await ApiWorld.StartAsync("");
        using (await api.Client.PutAsync(
            "/api/schedules/daily?cron=0%206%20*%20*%20*", new StringContent("https://example.com/1\n"), Token))
        {
        }

        var form = new PageForm(api, "/schedules/daily/run");
        var askedAt = (await form.GetAsync()).Page.Split("name=\"asked_at\" value=\"")[1].Split('"')[0];
        var first = await form.LeadsToAsync("/schedules/daily/run", ("asked_at", askedAt));
        api.World.State.Time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(first, await form.LeadsToAsync("/schedules/daily/run", ("asked_at", askedAt)));
        Assert.NotEqual(first, await form.LeadsToAsync("/schedules/daily/run", ("asked_at", "made up")));
        Assert.NotEqual(first, await form.LeadsToAsync("/schedules/daily/run", ("asked_at", "0")));
    }
}
