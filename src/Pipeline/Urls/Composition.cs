namespace Pipeline.Urls;

/// <summary>Unicode's canonical composition (NFC): a single way to write a letter with its marks.</summary>
internal static class Composition
{
    // Hangul syllables are computed (Unicode, section 3.12): leading consonant, vowel, optional trailing consonant.
    private const int Leading = 0x1100, Vowel = 0x1161, Trailing = 0x11A7, Syllable = 0xAC00;
    private const int Leadings = 19, Vowels = 21, Trailings = 28;

    /// <summary>Returns the composed form of the code points.</summary>
    public static List<int> Compose(List<int> points, IdnaTable table)
    {
        var parts = new List<int>(points.Count);
        foreach (var point in points)
            Decompose(point, table, parts);
        Order(parts, table);
        return Join(parts, table);
    }

    private static void Decompose(int point, IdnaTable table, List<int> parts)
    {
        if (table.Decompose(point) is not var (first, second))
        {
            parts.Add(point);
            return;
        }
        Decompose(first, table, parts);
        parts.Add(second);
    }

    /// <summary>
    /// Sorts the marks after each letter by their combining class. Marks of one class keep their order.
    /// </summary>
    private static void Order(List<int> parts, IdnaTable table)
    {
        for (var i = 1; i < parts.Count; i++)
        {
            var own = table.ClassOf(parts[i]);
            for (var at = i; own > 0 && at > 0 && table.ClassOf(parts[at - 1]) > own; at--)
                (parts[at - 1], parts[at]) = (parts[at], parts[at - 1]);
        }
    }

    private static List<int> Join(List<int> parts, IdnaTable table)
    {
        var joined = new List<int>(parts.Count);
        var (starter, last) = (-1, 0);
        foreach (var part in parts)
        {
            var own = table.ClassOf(part);
            // A mark of the same or a higher class between a mark and its letter blocks the composition.
            var adjacent = starter == joined.Count - 1;
            if (starter >= 0 && (adjacent || (last < own && last > 0))
                && Join(joined[starter], part, table) is var one and > 0)
            {
                joined[starter] = one;
                continue;
            }
            if (own == 0)
                starter = joined.Count;
            last = own;
            joined.Add(part);
        }
        return joined;
    }

    private static int Join(int first, int second, IdnaTable table)
    {
        if (first - Leading is >= 0 and < Leadings && second - Vowel is >= 0 and < Vowels)
            return Syllable + (((first - Leading) * Vowels) + second - Vowel) * Trailings;
        if (first - Syllable is >= 0 and < Leadings * Vowels * Trailings && (first - Syllable) % Trailings == 0
            && second - Trailing is > 0 and < Trailings)
            return first + second - Trailing;
        return table.Compose(first, second);
    }
}
