using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Stores.Local.Queues;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Hosting;

/// <summary>A queue whose messages lead to no other work, such as that of notifications.</summary>
public sealed class BackgroundQueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "9")]
    public async Task AHandlerThatHangsDelaysNeitherOtherQueuesNorSweep()
    {
        await using var state = new LocalState();
        var queue = new LocalWorkQueue(await state.OpenAsync(), TimeProvider.System);
        await queue.SendAsync(QueueNames.Notifications, [Some.Body("slow")], TimeSpan.Zero, Token);
        await queue.SendAsync(QueueNames.Results, [Some.Body("1"), Some.Body("2")], TimeSpan.Zero, Token);
        var hangs = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        var handled = 0;
        var sweeps = 0;
        var host = new QueueHost(
            queue,
            [
                new(QueueNames.Results, 1, async (_, _) =>
                {
                    await hangs.Task;
                    Interlocked.Increment(ref handled);
                }),
                new(
                    QueueNames.Notifications, 1, async (_, _) =>
                    {
                        hangs.SetResult();
                        await answer.Task;
                    },
                    LeadsToWork: false),
            ],
            async _ =>
            {
                await hangs.Task;
                sweeps++;
            },
            (_, _, _, _) => Task.CompletedTask,
            // The second sweep comes because the queues that lead to work are empty, or not within the test.
            new() { SweepInterval = TimeSpan.FromHours(1), IdleSweepInterval = TimeSpan.FromMilliseconds(10) },
            TimeProvider.System, new Random(1), new StoreHealth(TimeProvider.System), NullLogger<QueueHost>.Instance);

        await host.RunAsync(
            _ =>
            {
                var isDone = sweeps >= 3 && handled == 2;
                if (isDone)
                    answer.SetResult();
                return Task.FromResult(isDone);
            },
            Token).WaitAsync(Patience.Limit, Token);

        Assert.Equal(2, handled);
    }
}
