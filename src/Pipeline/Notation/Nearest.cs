namespace Pipeline.Notation;

/// <summary>Suggests the name that a mistyped one was meant to be.</summary>
internal static class Nearest
{
    /// <summary>
    /// Returns the most similar known name; null if all differ by more than a typing mistake: one character of a short
    /// name, at most three of a long one.
    /// </summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        var (nearest, distance) = known
            .Select(candidate => (candidate, Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .DefaultIfEmpty((name, int.MaxValue))
            .MinBy(pair => pair.Item2);
        return distance <= name.Length switch { < 5 => 1, < 12 => 2, _ => 3 } ? nearest : null;
    }

    /// <summary>Levenshtein distance: the number of characters to insert, delete or replace.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            (var diagonal, row[0]) = (row[0], i);
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(
                    Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }

        return row[b.Length];
    }
}
