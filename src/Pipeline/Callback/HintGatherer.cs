using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Callback;

/// <summary>
/// Queues the hints of webhooks. Hints of one submission that arrive within <c>Collect:GatherFor</c> share a message,
/// and each call returns once its own hint is queued.
/// </summary>
/// <remarks>
/// Waiting slows down a sender that calls a few webhooks at a time and waits for their answers: after the first moment
/// of each wait, nothing more arrives. So a wait whose second half was silent is halved the next time, any other is
/// doubled, and now and then the full wait is tried again.
/// </remarks>
internal sealed class HintGatherer
{
    // Far more submissions than receive webhooks at the same time.
    private const int Kept = 10_000;

    private readonly IWorkQueue _queue;
    private readonly TimeSpan _gatherFor;
    private readonly TimeProvider _time;
    private readonly Coalescer<string, Hint> _hints;
    private readonly AsyncCache<GatherPace> _paces = new(Kept);

    public HintGatherer(IWorkQueue queue, IOptions<PipelineOptions> options, TimeProvider time)
    {
        (_queue, _gatherFor, _time) = (queue, options.Value.Collect.GatherFor, time);
        _hints = new(ResultMessage.MaxTasks, SendAsync, WaitFor, time);
    }

    /// <summary>Queues hints of one submission.</summary>
    /// <param name="submissionId">The submission.</param>
    /// <param name="taskIds">Well-formed task ids; at least one.</param>
    /// <param name="cancellationToken">Ends the wait only; the hints may still be queued.</param>
    /// <exception cref="PipelineException">Transient: the queue is unavailable.</exception>
    public Task AddAsync(
        string submissionId, IReadOnlyCollection<string> taskIds, CancellationToken cancellationToken)
    {
        var hint = new Hint(taskIds, _time.GetUtcNow());
        return taskIds.Count >= ResultMessage.MaxTasks
            ? QueueAsync(submissionId, [hint])
            : _hints.AddAsync(submissionId, hint, cancellationToken);
    }

    // The hints of one submission are gathered and sent one message after the other, so its pace needs no lock.
    private TimeSpan WaitFor(string submissionId)
    {
        if (_gatherFor == TimeSpan.Zero)
            return TimeSpan.Zero;
        if (!_paces.TryGet(submissionId, out var pace))
            _paces.Set(submissionId, pace = new(_gatherFor));
        return pace.Begin(_time.GetUtcNow());
    }

    private async Task SendAsync(string submissionId, IReadOnlyList<Hint> hints)
    {
        await QueueAsync(submissionId, hints);
        if (_paces.TryGet(submissionId, out var pace))
            pace.End(hints[^1].HeardAt, isFull: hints.Count == ResultMessage.MaxTasks);
    }

    private Task QueueAsync(string submissionId, IReadOnlyList<Hint> hints) => _queue.SendAsync(
        submissionId, hints.SelectMany(hint => hint.TaskIds).Distinct(StringComparer.Ordinal),
        DiscoveredBy.Webhook, hints[0].HeardAt, CancellationToken.None);

    private sealed record Hint(IReadOnlyCollection<string> TaskIds, DateTimeOffset HeardAt);
}
