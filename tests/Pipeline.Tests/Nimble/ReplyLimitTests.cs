using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
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
            [
                () => rig.Client.GetTaskAsync("s-1", "t-1", Ct), () => rig.Client.GetProgressAsync("s-1", "b-1", Ct),
                () => rig.Client.GetBatchAsync("s-1", "b-1", Ct)])
        {
            var error = await Assert.ThrowsAsync<PipelineException>(ask);
            Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
        }

        Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync("{}"u8.ToArray(), Ct));
    }

    [Fact]
    public async Task LargeRepliesAreReadOneAtATimeAndSmallOnesInParallel()
    {
        var (reads, posts) = ReplyBudget.Create(reads: 2, posts: 1);
        using (reads)
        using (posts)
        using (var time = new ReplyTime(TimeSpan.FromMinutes(1), TimeProvider.System, Ct))
        {
            var first = new ReplyBudget.Share(reads);
            using var second = new ReplyBudget.Share(reads);
            using var third = new ReplyBudget.Share(reads);
            using var post = new ReplyBudget.Share(posts);
            await first.GrowAsync(ReplyBudget.SmallBytes + 1, time);
            await second.GrowAsync(ReplyBudget.SmallBytes, time);
            await third.GrowAsync(ReplyBudget.FreeBytes, time);
            await post.GrowAsync(ReplyBudget.SmallBytes, time);
            Task[] waiting =
            [
                second.GrowAsync(ReplyBudget.SmallBytes + 1, time),
                third.GrowAsync(ReplyBudget.FreeBytes + 1, time),
                post.GrowAsync(ReplyBudget.SmallBytes + 1, time),
            ];
            Assert.DoesNotContain(waiting, one => one.IsCompleted);
            first.Dispose();
            await waiting[1];
            await waiting[0];
            second.Dispose();
            await waiting[2];
        }
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task RepliesThatStallKeepNoOtherWaiting()
    {
        var posts = 0;
        await using var server = await TestServer.StartAsync(context => Interlocked.Increment(ref posts) <= 40
            ? StallAsync(context)
            : TestServer.Json("""{"batch_id":"b-1","tasks":["t-1"]}""")(context));
        await using var rig = NimbleRig.At(server.Address, change: o => o.RequestsPerSecond = 1_000_000);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var stalled = Enumerable.Range(0, 40).Select(
            _ => rig.Client.PostBatchAsync("{}"u8.ToArray(), stop.Token)).ToList();
        await Patience.UntilAsync(() => Volatile.Read(ref posts) == 40);
        Assert.IsType<PostOutcome.Accepted>(await rig.Client.PostBatchAsync("{}"u8.ToArray(), Ct));
        Assert.DoesNotContain(stalled, post => post.IsCompleted);
        await stop.CancelAsync();
        await Task.WhenAll(stalled).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AReplyThatWaitsForOthersDoesNotCountAsLost()
    {
        var time = new FakeTimeProvider();
        using var slot = new SemaphoreSlim(0);
        using var reply = new ReplyTime(TimeSpan.FromSeconds(10), time, Ct);
        var token = reply.Token;
        var waiting = reply.WaitAsync(slot);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(token.IsCancellationRequested || waiting.IsCompleted);
        slot.Release();
        await waiting;
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(token.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(token.IsCancellationRequested);
    }

    [Fact]
    public void ABodyIsWholeHoweverItCame()
    {
        var random = new Random(7);
        foreach (var length in (int[])[0, 1, 32 << 10, (32 << 10) + 1, 200_000])
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            using var buffer = new ReplyBuffer();
            for (var at = 0; at < length;)
            {
                var room = buffer.Room;
                var part = Math.Min(room.Length, Math.Min(length - at, random.Next(1, 50_000)));
                bytes.AsMemory(at, part).CopyTo(room);
                buffer.Advance(part);
                at += part;
            }

            Assert.Equal(bytes, buffer.Parse(whole => whole.ToArray()));
        }
    }

    [Fact]
    public async Task AnEndlessBatchNamesAFewThousandTasks()
    {
        var tasks = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"task-{i}\""));
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json($$"""{"batch_id":"b-1","tasks":[{{tasks}}]}"""));
        Assert.Equal(
            4000,
            Assert.IsType<PostOutcome.Accepted>(await rig.Client.PostBatchAsync("{}"u8.ToArray(), Ct)).Tasks.Count);
        Assert.Equal(4000, (await rig.Client.GetBatchAsync("s-1", "b-1", Ct))!.Tasks.Count);
    }

    [Fact]
    public async Task ATaskKeepsItsEchoButNotTheWholeReply()
    {
        var padding = new string('x', 100_000);
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json($$"""
                {"task":{"id":"t-1","input":{"url":"https://example.com/"},
                "padding":"{{padding}}","output_url":"s3://{{padding}}"} }
                """));
        var task = await rig.Client.GetTaskAsync("s-1", "t-1", Ct);
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
            return TestServer.Json(
                """{"data":[],"pagination":{"has_next":"""
                    + $$"""true,"next_cursor":"c-{{Interlocked.Increment(ref pages)}}"} }""")(context);
        });
        await using var rig = NimbleRig.At(server.Address, time, o => o.RequestsPerSecond = 1_000_000);
        var list = await rig.Client.ListTasksAsync(Ct).ToListAsync(Ct);
        Assert.InRange(pages, 2, 130);
        Assert.DoesNotContain(list, page => page.IsLast);
    }

    private static async Task StallAsync(HttpContext context)
    {
        await context.Response.WriteAsync("{", Ct);
        await context.Response.Body.FlushAsync(Ct);
        await TestServer.Silence()(context);
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
