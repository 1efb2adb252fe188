using Pipeline.Model;

namespace Pipeline.Tests.Submit;

/// <summary>A retry waits as long as configured, even longer than a queue can delay a message.</summary>
public sealed class RetryDelayTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ARetryDelayMayExceedTheQueuesLimit()
    {
        await using var world = await SubmitWorld.StartAsync(
            o => (o.Retry.MaxAttempts, o.Retry.Delay, o.Retry.MaxShare) = (5, TimeSpan.FromDays(1), 1));
        await world.PlanAsync(2);
        foreach (var days in new[] { 1, 2, 4, 8 })
        {
            await world.WorkAsync();
            var posts = world.Posts;
            await world.FinishAsync((await world.SubmissionsAsync())[^1].SubmissionId, records: 0);

            await world.PassAsync(TimeSpan.FromDays(days) - TimeSpan.FromHours(1), TimeSpan.FromHours(1));
            Assert.Equal(posts, world.Posts);
            await world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromHours(1));
            Assert.Equal(posts + 1, world.Posts);
        }

        await world.FinishAsync((await world.SubmissionsAsync())[^1].SubmissionId, records: 0);
        Assert.All(await world.InputsAsync(), input => Assert.Equal(InputState.Failed, input.State));
        Assert.Equal(5, world.Posts);
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
    }
}
