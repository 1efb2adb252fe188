using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Nimble.Replies;

/// <summary>
/// Finds the inputs of a batch that a refusal names. Neither the format of the errors nor the start of counting is
/// documented.
/// </summary>
internal static partial class RefusedInputs
{
    /// <summary>
    /// The positions that <c>details.schema_validation_errors</c> names: <c>inputs.17.url</c>, <c>inputs[17].url</c>,
    /// <c>/inputs/17/url</c>, <c>["inputs",17,"url"]</c>.
    /// </summary>
    /// <param name="body">The refusal.</param>
    /// <param name="concernsAll">Whether an error concerns something that all inputs share.</param>
    public static IReadOnlySet<int> Read(JsonElement body, out bool concernsAll)
    {
        concernsAll = false;
        var places = new HashSet<int>();
        if (NimbleJson.Member(body, "details") is not { } details
            || NimbleJson.Member(details, "schema_validation_errors") is not { ValueKind: JsonValueKind.Array } errors)
            return places;
        foreach (var error in errors.EnumerateArray())
        {
            var text = error.GetRawText();
            concernsAll |= Shared().IsMatch(text);
            foreach (Match match in Place().Matches(text))
                if (int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture,
                    out var place))
                    places.Add(place);
        }

        return places;
    }

    /// <summary>Parses a position in any of these formats.</summary>
    [GeneratedRegex("""(?<![A-Za-z_])inputs(?:\\?[./]|\\?"?\]?\s*[\[,]\s*)(\d{1,4})(?!\d)""")]
    public static partial Regex Place();

    [GeneratedRegex("(?<![A-Za-z])shared_inputs(?![A-Za-z_])")]
    private static partial Regex Shared();
}
