using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Steering;

namespace Pipeline.Hosting;

/// <summary>
/// Runs the stages so that a message about an erased list leaves nothing behind, whether it arrived late or was being
/// handled during the erasure.
/// </summary>
internal sealed class LateMessages(LateWrites late)
{
    /// <summary>Handles a message of any queue but <c>url-lists</c>.</summary>
    public async Task RunAsync(
        string queue, ReadOnlyMemory<byte> body, Func<ReadOnlyMemory<byte>, CancellationToken, Task> stage,
        CancellationToken cancellationToken)
    {
        if (MessageOwner.NamedBy(queue, body) is not { } listId)
            await stage(body, cancellationToken);
        // What a receiver was told cannot be erased.
        else if (queue != QueueNames.Notifications || !await late.IsErasedAsync(listId, cancellationToken))
            await late.RunAsync(listId, () => stage(body, cancellationToken), queue == QueueNames.Exports);
    }

    /// <summary>Handles a message of <c>url-lists</c>: only Intake can tell which list it holds.</summary>
    public async Task RunListAsync(Func<Task<ListEntry>> intake) => await late.EraseAsync((await intake()).ListId);
}
