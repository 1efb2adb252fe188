using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Pipeline.Emulator.Faults;

/// <summary>
/// How often a fault happens: to the next <paramref name="Count"/> if set, otherwise at a rate from 0 to 1.
/// </summary>
internal readonly record struct Chance(double Rate, int? Count)
{
    public static readonly Chance Always = new(1, null);

    /// <summary>Parses <c>3</c> (the next three), <c>0.1</c>, <c>10%</c> or <c>always</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Chance? chance)
    {
        chance = null;
        if (text is "always")
            chance = Always;
        else if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            chance = new(0, count);
        else if (text.EndsWith('%') && TryRate(text[..^1], out var percent) && percent <= 100)
            chance = new(percent / 100, null);
        else if (TryRate(text, out var rate) && rate <= 1)
            chance = new(rate, null);
        return chance is not null;
    }

    public override string ToString() =>
        Count is { } count ? count.ToString(CultureInfo.InvariantCulture)
        : Rate >= 1 ? "always"
        : Rate.ToString("0.0#########", CultureInfo.InvariantCulture);

    private static bool TryRate(string text, out double rate) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out rate);
}
