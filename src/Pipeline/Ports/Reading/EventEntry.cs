namespace Pipeline.Ports.Reading;

/// <summary>Something that a person did.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="Kind">What: one of <see cref="EventKinds"/>.</param>
/// <param name="ListId">The list it was done to; null for none.</param>
/// <param name="Who">Who did it, as far as the host knows: a user and machine, or an address.</param>
/// <param name="Text">What was done, in a sentence for people.</param>
internal sealed record EventEntry(DateTimeOffset At, string Kind, string? ListId, string Who, string Text);

/// <summary>The kinds of events.</summary>
internal static class EventKinds
{
    public const string Submitted = "submitted";
    public const string Paused = "paused";
    public const string Resumed = "resumed";
    public const string Cancelled = "cancelled";
    public const string Replayed = "replayed";
    public const string Resubmitted = "resubmitted";
    public const string Scheduled = "scheduled";
    public const string Erased = "erased";
}
