namespace Pipeline.Stores;

/// <summary>The delays that both queues keep. What works on one machine then works on Azure too.</summary>
internal static class MessageDelay
{
    /// <summary>Maximum delay of a message: that of Azure Storage Queues.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromDays(7);

    /// <summary>Limits a delay to the range from zero to <see cref="Max"/>.</summary>
    public static TimeSpan Bound(TimeSpan delay) =>
        delay < TimeSpan.Zero ? TimeSpan.Zero : delay < Max ? delay : Max;
}
