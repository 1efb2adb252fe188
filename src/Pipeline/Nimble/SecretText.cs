using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Urls;

namespace Pipeline.Nimble;

/// <summary>
/// Removes the API key, callback tokens and passwords in URLs from foreign text. Searches the decoded text for keys and
/// tokens, layer by layer (JSON escapes, percent escapes, escapes of escapes), because an API may repeat a request in
/// any of these forms. Replaces what it finds in the original text.
/// </summary>
internal sealed partial class SecretText(string key)
{
    // Longer texts are cut: first what is read, then what is kept.
    private const int LongestRead = 16 * 1024;
    private const int LongestKept = 1000;

    // No API was seen to escape more often than this.
    private const int MaxLayers = 4;

    // A slash may have been doubled in transit.
    private readonly Regex? _decodedKey = key.Length == 0
        ? null
        : new(
            Regex.Escape(Decode([.. key.Select((c, i) => new Unit(c, i, i + 1))]).Text)
                .Replace("/", "/+", StringComparison.Ordinal));

    /// <summary>The text without secrets, short enough to be shown.</summary>
    public string Clean(string text)
    {
        // The end of what was read may cut a secret in two, so it is not kept.
        var clean = UrlCredentials.HideAll(
            text.Length <= LongestRead ? Replace(text) : Replace(text[..LongestRead])[..^(LongestRead / 32)]);
        if (clean.Length <= LongestKept)
            return clean;
        return clean[..(char.IsHighSurrogate(clean[LongestKept - 1]) ? LongestKept - 1 : LongestKept)] + "…";
    }

    private string Replace(string text)
    {
        if (key.Length > 0)
            text = text.Replace(key, "[key]", StringComparison.Ordinal);
        var (decoded, units) = Decode([.. text.Select((c, i) => new Unit(c, i, i + 1))]);
        var found = Find(decoded).OrderBy(f => f.Start).ToList();
        if (found.Count == 0)
            return text;
        var clean = new StringBuilder(text.Length);
        var at = 0;
        foreach (var (start, length, name) in found.Where(f => f.Length > 0))
        {
            var (from, to) = (units[start].Start, units[start + length - 1].End);
            if (from < at)
                continue;
            clean.Append(text, at, from - at).Append(name);
            at = to;
        }

        return clean.Append(text, at, text.Length - at).ToString();
    }

    private IEnumerable<(int Start, int Length, string Name)> Find(string decoded)
    {
        foreach (Match found in _decodedKey?.Matches(decoded) ?? Enumerable.Empty<Match>())
            yield return (found.Index, found.Length, "[key]");
        foreach (Match token in Token().Matches(decoded))
            yield return (token.Index, token.Length, "[token]");
    }

    /// <summary>
    /// Decodes until nothing is left to decode. Each character keeps its position in the original text.
    /// </summary>
    private static (string Text, List<Unit> Units) Decode(List<Unit> units)
    {
        for (var layer = 0; layer < MaxLayers && units.Exists(u => u.Value is '\\' or '%'); layer++)
        {
            var next = new List<Unit>(units.Count);
            for (var at = 0; at < units.Count;)
            {
                var (value, length) = EscapeAt(units, at);
                next.Add(new(value, units[at].Start, units[at + length - 1].End));
                at += length;
            }

            if (next.Count == units.Count)
                break;
            units = next;
        }

        return (string.Concat(units.Select(u => u.Value)), units);
    }

    private static (char Value, int Length) EscapeAt(List<Unit> units, int at)
    {
        char Next(int i) => at + i < units.Count ? units[at + i].Value : '\0';
        return units[at].Value switch
        {
            '\\' when Next(1) is 'u' or 'U' && HexAt(units, at + 2, 4) is { } code => (code, 6),
            '\\' when Next(1) is '\\' or '/' or '"' => (Next(1), 2),
            '%' when HexAt(units, at + 1, 2) is { } code and < (char)128 => (code, 3),
            var plain => (plain, 1),
        };
    }

    private static char? HexAt(List<Unit> units, int at, int digits) =>
        at + digits <= units.Count
        && int.TryParse(
            string.Concat(units.GetRange(at, digits).Select(u => u.Value)), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out var code)
            ? (char)code
            : null;

    /// <summary>A token after the callback's path, and anything in the form of a token.</summary>
    [GeneratedRegex(
        "(?<=api/+callbacks/+[A-Za-z0-9_-]+/+)[A-Za-z0-9_-]+|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])",
        RegexOptions.IgnoreCase)]
    private static partial Regex Token();

    private readonly record struct Unit(char Value, int Start, int End);
}
