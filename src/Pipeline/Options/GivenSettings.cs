using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;

namespace Pipeline.Options;

/// <summary>The text of a setting, and the option or variable that it comes from.</summary>
/// <param name="Source">Its name for people: <c>--max-urls</c>, or <c>Pipeline__Guards__MaxUrlsPerList</c>.</param>
/// <param name="Text">The text.</param>
internal sealed record GivenText(string Source, string Text);

/// <summary>
/// The texts given for settings, by path. Each path has one text, from the strongest source: an option overrides the
/// environment. Settings without a text keep their default. All hosts bind their settings from here.
/// </summary>
internal sealed class GivenSettings
{
    /// <summary>The environment variable that holds the API's key, by the name that Nimble's own tools use.</summary>
    public const string KeyVariable = "NIMBLE_API_KEY";

    /// <summary>The path of the API's key among the settings.</summary>
    public const string KeyPath = "Pipeline:Nimble:ApiKey";

    private static readonly string[] Sections = ["Pipeline", "Runner"];
    private readonly ImmutableSortedDictionary<string, GivenText> _texts;

    private GivenSettings(ImmutableSortedDictionary<string, GivenText> texts) => _texts = texts;

    /// <summary>No texts.</summary>
    public static GivenSettings None { get; } =
        new(ImmutableSortedDictionary.Create<string, GivenText>(StringComparer.OrdinalIgnoreCase));

    /// <summary>Reads a configuration. Empty texts are ignored.</summary>
    public static GivenSettings From(IConfiguration configuration)
    {
        var texts = None._texts.ToBuilder();
        foreach (var (path, text) in Sections.SelectMany(name => configuration.GetSection(name).AsEnumerable()))
            if (!string.IsNullOrWhiteSpace(text))
                texts[path] = new(path.Replace(":", "__", StringComparison.Ordinal), text);
        if (configuration[KeyVariable] is { } key && !string.IsNullOrWhiteSpace(key))
            texts[KeyPath] = new(KeyVariable, key);
        return new(texts.ToImmutable());
    }

    /// <summary>Returns a copy with one text added or replaced.</summary>
    public GivenSettings With(string path, string source, string text) => new(_texts.SetItem(path, new(source, text)));

    /// <summary>Returns the text of a path; null if there is none.</summary>
    public GivenText? Find(string path) => _texts.GetValueOrDefault(path);

    /// <summary>Returns the texts of a list in the order of their numbers.</summary>
    public IReadOnlyList<GivenText> FindAll(string path) =>
    [
        .. _texts.Where(text => IsItem(text.Key, path))
            .OrderBy(text => int.Parse(text.Key.AsSpan(path.Length + 1)))
            .Select(text => text.Value),
    ];

    /// <summary>Returns all texts below a prefix.</summary>
    public IEnumerable<KeyValuePair<string, GivenText>> Below(string prefix) =>
        _texts.Where(text => text.Key.StartsWith(prefix + ":", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a path is a numbered item of a list.</summary>
    public static bool IsItem(string path, string list) =>
        path.Length > list.Length + 1 && path[list.Length] == ':'
        && path.StartsWith(list, StringComparison.OrdinalIgnoreCase)
        && int.TryParse(path.AsSpan(list.Length + 1), System.Globalization.NumberStyles.None, null, out _);
}
