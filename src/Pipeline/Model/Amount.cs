using System.Globalization;

namespace Pipeline.Model;

/// <summary>A number with its noun, for people: <c>1 failure</c>, <c>2,000 failures</c>.</summary>
internal static class Amount
{
    /// <summary>Formats the number with the noun's form for it.</summary>
    /// <param name="number">How many.</param>
    /// <param name="one">The noun for one, with its verb if it has one: <c>input waits</c>.</param>
    /// <param name="many">
    /// The noun for any other number: <c>inputs wait</c>; null adds an <c>s</c> to the noun for one.
    /// </param>
    public static string Of(long number, string one, string? many = null) =>
        $"{number.ToString("N0", CultureInfo.InvariantCulture)} {(number == 1 ? one : many ?? one + "s")}";
}
