using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Dashboard.Acting;

/// <summary>The number of things that somebody agreed to when a page asked.</summary>
internal static class Confirmed
{
    /// <summary>The field of a form that carries it.</summary>
    public const string Field = "confirmed";

    /// <summary>Whether there are more by now. A form without the field was not asked about a number.</summary>
    public static bool IsExceeded(IFormCollection form, long count) =>
        long.TryParse(form[Field], NumberStyles.None, CultureInfo.InvariantCulture, out var confirmed)
        && count > confirmed;
}
