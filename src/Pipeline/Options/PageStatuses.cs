using System.Globalization;

namespace Pipeline.Options;

/// <summary>The HTTP statuses of pages that <see cref="CollectOptions.FailStatuses"/> makes failures.</summary>
internal sealed class PageStatuses
{
    private readonly HashSet<int> _statuses;

    /// <summary>Reads the setting.</summary>
    public PageStatuses(string setting) => _statuses = [.. Words(setting).SelectMany(word => StatusesOf(word) ?? [])];

    /// <summary>The first word of a setting that is no status; null where all are.</summary>
    public static string? FaultIn(string setting) => Words(setting).FirstOrDefault(word => StatusesOf(word) is null);

    /// <summary>Whether the status fails the page.</summary>
    public bool Fail(int status) => _statuses.Contains(status);

    /// <summary>Whether the page may answer otherwise at another time: a time-out, too early, too many requests, a fault of the server.</summary>
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
