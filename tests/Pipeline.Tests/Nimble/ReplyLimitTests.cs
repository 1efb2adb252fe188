using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Nimble;

/// <summary>Memory and time are bounded whatever the API answers.</summary>
[Trait("Promise", "5")]
public sealed class ReplyLimitTests
{
    private const int Megabyte = 1 << 20;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnOversizedReplyIsATransientError()
    {
        await using var server = await TestServer.StartAsync(context => SendAsync(context, 40 * Megabyte));
        await using var rig = NimbleRig.At(server.Address);
        foreach (var ask in (Func<Task>[])
            [() => rig.Client.GetTaskAsync("t-1", Ct), () => rig.Client.GetProgressAsync("b-1", Ct), () => rig.Client.GetBatchAsync("b-1", Ct)])
        {
            var error = await Assert.ThrowsAsync<PipelineException>(ask);
            Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
        }

        Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync("{}"u8.ToArray(), Ct));
    }

    [Fact]
    public async Task LargeRepliesAreReadOneAtATimeAndSmallOnesInParallel()
    {
        using var budget = new ReplyBudget(small: 2);
        var first = await budget.TakeAsync(Ct);
        using var second = await budget.TakeAsync(Ct);
        var third = budget.TakeAsync(Ct);
        await first.GrowAsync(Ct);
        var grown = second.GrowAsync(Ct);
        Assert.False(grown.IsCompleted || third.IsCompleted);
        first.Dispose();
        await grown;
        (await third).Dispose();
    }

    [Fact]
    public async Task AnEndlessBatchNamesAFewThousandTasks()
    {
        var tasks = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"task-{i}\""));
        await using var rig = await NimbleRig.StartAsync(TestServer.Json($$"""{"batch_id":"b-1","tasks":[{{tasks}}]}"""));
        Assert.Equal(4000, Assert.IsType<PostOutcome.Accepted>(await rig.Client.PostBatchAsync("{}"u8.ToArray(), Ct)).Tasks.Count);
        Assert.Equal(4000, (await rig.Client.GetBatchAsync("b-1", Ct))!.Tasks.Count);
    }

    [Fact]
    public async Task ATaskKeepsItsEchoButNotTheWholeReply()
    {
        var padding = new string('x', 100_000);
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json($$"""{"task":{"id":"t-1","input":{"url":"https://example.com/"},"padding":"{{padding}}","output_url":"s3://{{padding}}"} }"""));
        var task = await rig.Client.GetTaskAsync("t-1", Ct);
        Assert.Equal("""{"url":"https://example.com/"}""", task!.Input!.Value.GetRawText());
        Assert.Null(task.OutputUrl);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AnEndlessListIsAbandonedAndCountsAsIncomplete()
    {
        var time = new FakeTimeProvider();
        var pages = 0;
        await using var server = await TestServer.StartAsync(context =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return TestServer.Json($$"""{"data":[],"pagination":{"has_next":true,"next_cursor":"c-{{Interlocked.Increment(ref pages)}}"} }""")(context);
        });
        await using var rig = NimbleRig.At(server.Address, time, o => o.RequestsPerSecond = 1_000_000);
        var list = await rig.Client.ListTasksAsync(Ct).ToListAsync(Ct);
        Assert.InRange(pages, 2, 130);
        Assert.DoesNotContain(list, page => page.IsLast);
    }

    private static async Task SendAsync(HttpContext context, int bytes)
    {
        var chunk = Encoding.ASCII.GetBytes(new string(' ', 64 * 1024));
        try
        {
            for (var left = bytes; left > 0; left -= chunk.Length)
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client has stopped reading.
        }
    }
}
