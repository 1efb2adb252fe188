using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Callback;

/// <summary>
/// Queues the hints of webhooks. Hints of one submission that come within <c>Collect:GatherFor</c> share a message, and
/// each call returns once its own hint is queued.
/// </summary>
/// <remarks>
/// A sender that calls a few webhooks at a time and waits for their answers would be slowed down by each wait. So nobody
/// waits just after a message was sent: hints that come then share messages while another one is being sent. And after
/// a wait that nobody joined, the next ones are left out.
/// </remarks>
internal sealed class HintGatherer
{
    // Many more than have webhooks coming in at a time.
    private const int Kept = 10_000;
    private const int MaxSkips = 63;

    // Below the distance of the hints of a trickle, above the time that a sender needs after an answer.
    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(25);

    private readonly IWorkQueue _queue;
    private readonly TimeSpan _gatherFor;
    private readonly TimeProvider _time;
    private readonly Coalescer<string, Hint> _hints;
    private readonly AsyncCache<Pace> _paces = new(Kept);

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
            ? SendAsync(submissionId, [hint])
            : _hints.AddAsync(submissionId, hint, cancellationToken);
    }

    // The hints of one submission are gathered and sent one message after the other, so its pace needs no lock.
    private TimeSpan WaitFor(string submissionId)
    {
        if (!_paces.TryGet(submissionId, out var pace))
            _paces.Set(submissionId, pace = new());
        pace.Waits = _gatherFor > TimeSpan.Zero && _time.GetUtcNow() - pace.SentAt >= Prompt && pace.Skips-- <= 0;
        return pace.Waits ? _gatherFor : TimeSpan.Zero;
    }

    private async Task SendAsync(string submissionId, IReadOnlyList<Hint> hints)
    {
        await _queue.SendAsync(
            submissionId, hints.SelectMany(hint => hint.TaskIds).Distinct(StringComparer.Ordinal),
            DiscoveredBy.Webhook, hints[0].HeardAt, CancellationToken.None);
        if (!_paces.TryGet(submissionId, out var pace))
            return;
        pace.SentAt = _time.GetUtcNow();
        if (!pace.Waits)
            return;
        pace.InVain = hints.Count > 1 ? 0 : Math.Min((pace.InVain * 2) + 1, MaxSkips);
        pace.Skips = pace.InVain;
    }

    private sealed record Hint(IReadOnlyCollection<string> TaskIds, DateTimeOffset HeardAt);

    /// <summary>How the hints of one submission come.</summary>
    private sealed class Pace
    {
        /// <summary>Whether the message that is being gathered waits for more hints.</summary>
        public bool Waits { get; set; }

        /// <summary>When the last message was sent.</summary>
        public DateTimeOffset SentAt { get; set; }

        /// <summary>Number of messages that are not waited for because nobody joined the last wait.</summary>
        public int Skips { get; set; }

        /// <summary>The number of skips after the last wait that nobody joined.</summary>
        public int InVain { get; set; }
    }
}
