using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Nimble.Replies;

/// <summary>
/// Finds the inputs that a refusal of a batch names. Neither the format of the errors nor where counting starts is
/// documented.
/// </summary>
internal static partial class RefusedInputs
{
    // Maximum length of the errors about one input. An error that names all inputs must not be stored a thousand times
    // in full.
    private const int MaxWords = 1000;

    /// <summary>
    /// The positions that <c>details.schema_validation_errors</c> names, each with its errors: <c>inputs.17.url</c>,
    /// <c>inputs[17].url</c>, <c>/inputs/17/url</c>, <c>["inputs",17,"url"]</c>.
    /// </summary>
    /// <param name="body">The refusal.</param>
    /// <param name="concernsAll">Whether an error concerns something that all inputs share.</param>
    public static IReadOnlyDictionary<int, string> Read(JsonElement body, out bool concernsAll)
    {
        concernsAll = false;
        var named = new Dictionary<int, string>();
        if (NimbleJson.Member(body, "details") is not { } details
            || NimbleJson.Member(details, "schema_validation_errors") is not { ValueKind: JsonValueKind.Array } errors)
            return named;
        foreach (var error in errors.EnumerateArray())
        {
            var text = error.GetRawText();
            concernsAll |= Shared().IsMatch(text);
            var words = error.ValueKind == JsonValueKind.String ? error.GetString()! : text;
            foreach (var place in PlacesIn(text))
                if (!named.TryAdd(place, words) && named[place].Length + words.Length < MaxWords)
                    named[place] += " " + words;
        }

        return named;
    }

    private static IEnumerable<int> PlacesIn(string error) => Place().Matches(error)
        .Select(match => int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture))
        .Distinct();

    /// <summary>Parses a position in any of these formats.</summary>
    [GeneratedRegex("""(?<![A-Za-z_])inputs(?:\\?[./]|\\?"?\]?\s*[\[,]\s*)([0-9]{1,4})(?![0-9])""")]
    public static partial Regex Place();

    [GeneratedRegex("(?<![A-Za-z])shared_inputs(?![A-Za-z_])")]
    private static partial Regex Shared();
}
