using System.Globalization;
using System.Text.Json;

namespace Pipeline.Nimble.Replies;

/// <summary>An error about one input in the answer to an accepted POST: the input was not accepted.</summary>
/// <param name="Place">Position in the batch, if given; whether counting starts at 0 or 1 is not documented.</param>
/// <param name="Url">The input's URL, if given.</param>
/// <param name="Message">Nimble's message.</param>
internal sealed record InputError(int? Place, string? Url, string Message);

/// <summary>
/// Reads the <c>errors</c> of an answer that accepted only some inputs. Their format is not documented.
/// </summary>
internal static class InputErrors
{
    private const int Most = 1000;

    private static readonly string[] Lists = ["errors", "failed", "rejected", "rejected_inputs"];
    private static readonly string[] Places = ["index", "input_index", "position"];

    /// <summary>Reads the errors in the order of the answer; empty if there are none.</summary>
    public static IReadOnlyList<InputError> Read(JsonElement answer) => Lists
        .Select(name => NimbleJson.Member(answer, name))
        .Where(list => list is { ValueKind: JsonValueKind.Array })
        .Take(1)
        .SelectMany(list => list!.Value.EnumerateArray().Take(Most).Select(ReadOne))
        .ToList();

    private static InputError ReadOne(JsonElement error)
    {
        var text = error.ValueKind == JsonValueKind.String ? NimbleJson.Text(error) ?? "" : error.GetRawText();
        var place = Places.Select(name => NimbleJson.Text(error, name)).FirstOrDefault(t => t is not null) 
            ?? RefusedInputs.Place().Match(text).Groups[1].Value;
        var url = NimbleJson.Text(error, "url")
            ?? (NimbleJson.Member(error, "input") is { } input ? NimbleJson.Text(input, "url") : null);
        return new(
            int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
            url,
            error.ValueKind == JsonValueKind.Object ? PostReply.WordsOf(error) : text);
    }
}
