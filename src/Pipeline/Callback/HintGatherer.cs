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
/// A sender that calls a few webhooks at a time and waits for their answers would be slowed down by each wait. So a
/// message after which hints come at once waits only until no more come, and after a wait that nobody joined the next
/// ones are left out.
/// </remarks>
internal sealed class HintGatherer
{
    // Many more than have webhooks coming in at a time.
    private const int Kept = 10_000;
    private const int MaxSkips = 63;

    // Below the distance of the hints of a trickle, above the time that a sender needs after an answer.
    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(25);
    private static readonly BatchWait None = default;

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
    private BatchWait WaitFor(string submissionId)
    {
        if (_gatherFor == TimeSpan.Zero)
            return None;
        if (!_paces.TryGet(submissionId, out var pace))
            _paces.Set(submissionId, pace = new());
        var isPrompt = _time.GetUtcNow() - pace.SentAt < Prompt;
        pace.Current = isPrompt ? pace.Prompt : pace.Slow;
        return !pace.Current.Begin() ? None : new(_gatherFor, isPrompt ? Prompt : _gatherFor);
    }

    private async Task SendAsync(string submissionId, IReadOnlyList<Hint> hints)
    {
        await _queue.SendAsync(
            submissionId, hints.SelectMany(hint => hint.TaskIds).Distinct(StringComparer.Ordinal),
            DiscoveredBy.Webhook, hints[0].HeardAt, CancellationToken.None);
        if (!_paces.TryGet(submissionId, out var pace))
            return;
        pace.SentAt = _time.GetUtcNow();
        pace.Current?.End(hints.Count > 1);
    }

    private sealed record Hint(IReadOnlyCollection<string> TaskIds, DateTimeOffset HeardAt);

    /// <summary>How the hints of one submission come.</summary>
    private sealed class Pace
    {
        /// <summary>When the last message was sent.</summary>
        public DateTimeOffset SentAt { get; set; }

        /// <summary>The waits for hints just after a message.</summary>
        public Waits Prompt { get; } = new();

        /// <summary>All other waits.</summary>
        public Waits Slow { get; } = new();

        /// <summary>Those that the message that is being gathered belongs to.</summary>
        public Waits? Current { get; set; }
    }

    /// <summary>Waits of one kind, which are left out after some that nobody joined.</summary>
    private sealed class Waits
    {
        private int _skips;
        private int _inVain;
        private bool _isWaiting;

        /// <summary>Begins a message; returns whether it waits.</summary>
        public bool Begin() => _isWaiting = _skips-- <= 0;

        /// <summary>Ends a message.</summary>
        public void End(bool isShared)
        {
            if (!_isWaiting)
                return;
            _inVain = isShared ? 0 : Math.Min((_inVain * 2) + 1, MaxSkips);
            _skips = _inVain;
        }
    }
}
