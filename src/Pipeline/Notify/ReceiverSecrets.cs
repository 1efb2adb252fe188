namespace Pipeline.Notify;

/// <summary>The secrets of <c>Notify:Secret</c>: one, or several with spaces between during a rotation.</summary>
internal static class ReceiverSecrets
{
    private const string Prefix = "whsec_";

    // The limits of Standard Webhooks.
    private const int MinBytes = 24;
    private const int MaxBytes = 64;

    /// <summary>Returns the secrets in their order; none for null.</summary>
    public static IReadOnlyList<string> Split(string? secrets) =>
        secrets?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Whether a text is base64 of 24 to 64 bytes, with or without <c>whsec_</c> before it.</summary>
    public static bool IsSecret(string text)
    {
        var base64 = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
        return Convert.TryFromBase64String(base64, new byte[base64.Length], out var bytes)
            && bytes is >= MinBytes and <= MaxBytes;
    }
}
