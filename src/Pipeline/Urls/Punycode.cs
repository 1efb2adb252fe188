using System.Text;

namespace Pipeline.Urls;

/// <summary>
/// Encodes the code points of a label as ASCII and decodes them (RFC 3492).
/// <see cref="System.Globalization.IdnMapping"/> refuses labels that browsers accept, such as right-to-left labels that
/// end with a digit.
/// </summary>
internal static class Punycode
{
    private const int Base = 36, Lowest = 1, Highest = 26, Skew = 38, Damp = 700, FirstBias = 72, FirstPoint = 128;

    /// <summary>Encodes a label, without the prefix <c>xn--</c>.</summary>
    public static string Encode(IReadOnlyList<int> points)
    {
        var text = new StringBuilder();
        foreach (var point in points.Where(p => p < FirstPoint))
            text.Append((char)point);
        var (basic, done) = (text.Length, text.Length);
        if (basic > 0)
            text.Append('-');
        for (int next = FirstPoint, delta = 0, bias = FirstBias; done < points.Count; next++, delta++)
        {
            var least = points.Where(p => p >= next).Min();
            delta += (least - next) * (done + 1);
            next = least;
            foreach (var point in points)
            {
                delta += point < next ? 1 : 0;
                if (point != next)
                    continue;
                AppendNumber(text, delta, bias);
                bias = Adapt(delta, done + 1, isFirst: done == basic);
                (delta, done) = (0, done + 1);
            }
        }
        return text.ToString();
    }

    /// <summary>Decodes a label without its prefix <c>xn--</c>. Returns null if it is not valid Punycode.</summary>
    public static List<int>? Decode(ReadOnlySpan<char> label)
    {
        var points = new List<int>();
        var dash = label.LastIndexOf('-');
        foreach (var c in label[..Math.Max(dash, 0)])
            points.Add(c);
        var at = dash > 0 ? dash + 1 : 0;
        for (int next = FirstPoint, place = 0, bias = FirstBias; at < label.Length; place++)
        {
            if (ReadNumber(label, ref at, bias) is not { } delta)
                return null;
            var total = place + delta;
            bias = Adapt(delta, points.Count + 1, isFirst: place == 0);
            next += (int)(total / (points.Count + 1));
            place = (int)(total % (points.Count + 1));
            if (!Rune.IsValid(next))
                return null;
            points.Insert(place, next);
        }
        return points;
    }

    private static void AppendNumber(StringBuilder text, int number, int bias)
    {
        for (var k = Base; ; k += Base)
        {
            var limit = Limit(k, bias);
            if (number < limit)
            {
                text.Append(Digit(number));
                return;
            }
            text.Append(Digit(limit + ((number - limit) % (Base - limit))));
            number = (number - limit) / (Base - limit);
        }
    }

    private static long? ReadNumber(ReadOnlySpan<char> label, ref int at, int bias)
    {
        long number = 0, weight = 1;
        for (var k = Base; at < label.Length; k += Base)
        {
            if (ValueOf(label[at++]) is not { } digit || (number += digit * weight) > int.MaxValue)
                return null;
            var limit = Limit(k, bias);
            if (digit < limit)
                return number;
            if ((weight *= Base - limit) > int.MaxValue)
                return null;
        }
        return null;
    }

    private static int Limit(int k, int bias) => Math.Clamp(k - bias, Lowest, Highest);

    private static int Adapt(long delta, int points, bool isFirst)
    {
        delta /= isFirst ? Damp : 2;
        delta += delta / points;
        var k = 0;
        for (; delta > (Base - Lowest) * Highest / 2; k += Base)
            delta /= Base - Lowest;
        return k + (int)((Base - Lowest + 1) * delta / (delta + Skew));
    }

    private static char Digit(int value) => (char)(value < Highest ? 'a' + value : '0' + value - Highest);

    private static int? ValueOf(char c) => c switch
    {
        >= 'a' and <= 'z' => c - 'a',
        >= 'A' and <= 'Z' => c - 'A',
        >= '0' and <= '9' => c - '0' + Highest,
        _ => null,
    };
}
