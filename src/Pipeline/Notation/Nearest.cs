#if EMULATOR
namespace Pipeline.Emulator.Faults;
#else
namespace Pipeline.Notation;
#endif

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

    /// <summary>
    /// The number of characters to insert, delete, replace, or swap with the next one (Damerau and Levenshtein).
    /// </summary>
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            for (var j = 0; j <= b.Length; j++)
                cost[i, j] = i == 0 || j == 0 ? i + j : Cheapest(i, j);
        return cost[a.Length, b.Length];

        int Cheapest(int i, int j)
        {
            var change = Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1;
            var replace = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            var isSwap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            return Math.Min(Math.Min(change, replace), isSwap ? cost[i - 2, j - 2] + 1 : int.MaxValue);
        }
    }
}
