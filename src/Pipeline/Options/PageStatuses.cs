using System.Globalization;

namespace Pipeline.Options;

/// <summary>The HTTP statuses of pages that <see cref="CollectOptions.FailStatuses"/> turns into failures.</summary>
internal sealed class PageStatuses
{
    private readonly HashSet<int> _statuses;

    /// <summary>Parses the setting and ignores invalid words; options validation has reported them.</summary>
    public PageStatuses(string setting) => _statuses = [.. Words(setting).SelectMany(word => StatusesOf(word) ?? [])];

    /// <summary>The first word of the setting that is not a status; null if all are.</summary>
    public static string? FaultIn(string setting) => Words(setting).FirstOrDefault(word => StatusesOf(word) is null);

    /// <summary>Whether the status turns the page into a failure.</summary>
    public bool Fail(int status) => _statuses.Contains(status);

    /// <summary>
    /// Whether a later request may get another status: timeout (408), too early (425), too many requests (429), server
    /// error (5xx).
    /// </summary>
    public static bool IsRetryable(int? status) => status is 408 or 425 or 429 or (>= 500 and <= 599);

    private static string[] Words(string setting) =>
        setting.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static IEnumerable<int>? StatusesOf(string word)
    {
        if (word.Length != 3 || word[0] is < '1' or > '5')
            return null;
        if (word.EndsWith("xx", StringComparison.OrdinalIgnoreCase))
            return Enumerable.Range((word[0] - '0') * 100, 100);
        return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? [status] : null;
    }
}
