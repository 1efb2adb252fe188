using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Records;

namespace Pipeline.Tests.Records;

/// <summary>A lease while the service cannot be reached.</summary>
public sealed class MessageLeaseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>A timeout of the SDK, or a token that cannot be had, costs one extension and no record.</summary>
    [Fact]
    public async Task AnExtensionThatFailsIsTriedAgainAndTheMessageIsStillDeleted()
    {
        var queue = new UnreachableQueue();
        var time = new FakeTimeProvider();
        await using var lease = new MessageLease(queue, Message(), TimeSpan.FromMinutes(3), time);

        time.Advance(TimeSpan.FromMinutes(1));
        await queue.Updates[0].Task.WaitAsync(Limit, TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromMinutes(1));
        await queue.Updates[1].Task.WaitAsync(Limit, TestContext.Current.CancellationToken);

        Assert.True(await lease.DeleteAsync(TestContext.Current.CancellationToken));
        Assert.Equal("receipt-2", queue.Deleted);
    }

    private static QueueMessage Message() =>
        QueuesModelFactory.QueueMessage("id", "receipt-1", new BinaryData("text"), dequeueCount: 1);

    /// <summary>Fails the first update as the SDK does after its timeout.</summary>
    private sealed class UnreachableQueue : QueueClient
    {
        private int _count;

        public TaskCompletionSource[] Updates { get; } = [NewSource(), NewSource()];

        public string? Deleted { get; private set; }

        public override Task<Response<UpdateReceipt>> UpdateMessageAsync(
            string messageId, string popReceipt, string? messageText = null, TimeSpan visibilityTimeout = default,
            CancellationToken cancellationToken = default)
        {
            var number = _count++;
            Updates[number].SetResult();
            return number == 0
                ? Task.FromException<Response<UpdateReceipt>>(new TaskCanceledException("A timeout."))
                : Task.FromResult(Response.FromValue(
                    QueuesModelFactory.UpdateReceipt("receipt-2", DateTimeOffset.UnixEpoch), null!));
        }

        public override Task<Response> DeleteMessageAsync(
            string messageId, string popReceipt, CancellationToken cancellationToken = default)
        {
            Deleted = popReceipt;
            return Task.FromResult<Response>(null!);
        }

        private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
