namespace Pipeline.Fuzz;

/// <summary>The entry points that read bytes from outside, by the name the command line knows them by.</summary>
public static class FuzzTargets
{
    /// <summary>
    /// Each target returns null for bytes it accepts and the reason for bytes it refuses. It throws when a promise is
    /// broken.
    /// </summary>
    public static IReadOnlyDictionary<string, Func<byte[], string?>> All { get; } =
        new Dictionary<string, Func<byte[], string?>>(StringComparer.Ordinal)
        {
            ["results"] = NormalizerTarget.Check,
            ["lists"] = ListTarget.Check,
            ["replies"] = ReplyTarget.Check,
            ["webhooks"] = WebhookTarget.Check,
            ["messages"] = MessageTarget.Check,
        };
}
