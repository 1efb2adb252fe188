using System.Collections.Concurrent;

namespace Pipeline.Emulator.Work.Delivery;

/// <summary>One call of a webhook.</summary>
/// <param name="At">When it ended.</param>
/// <param name="TaskId">The task that it reports.</param>
/// <param name="Address">Where it was sent, without its token.</param>
/// <param name="Attempt">1 to 3.</param>
/// <param name="Answer">The status of the answer, or the error.</param>
/// <param name="IsAccepted">Whether the answer was 2xx.</param>
internal sealed record SentWebhook(
    DateTimeOffset At, string TaskId, string Address, int Attempt, string Answer, bool IsAccepted);

/// <summary>The latest webhook calls of this process, for the emulator's page.</summary>
internal sealed class WebhookLog
{
    /// <summary>Number of calls that are kept.</summary>
    public const int Length = 15;

    private readonly ConcurrentQueue<SentWebhook> _calls = new();

    /// <summary>The calls, the newest first.</summary>
    public IReadOnlyList<SentWebhook> Calls => [.. _calls.Reverse().Take(Length)];

    public void Add(SentWebhook call)
    {
        _calls.Enqueue(call);
        while (_calls.Count > Length)
            _calls.TryDequeue(out _);
    }
}
