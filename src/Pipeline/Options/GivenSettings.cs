using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;

namespace Pipeline.Options;

/// <summary>The text of a setting, and the option or variable that gives it.</summary>
/// <param name="Source">Its name for people: <c>--max-urls</c>, or <c>Pipeline__Guards__MaxUrlsPerList</c>.</param>
/// <param name="Text">What it says.</param>
internal sealed record GivenText(string Source, string Text);

/// <summary>
/// What was given for settings, by path. A path holds one text, that of the strongest source: a command-line option goes
/// over the environment, and what neither gives keeps its default. Every host binds from here and nowhere else.
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

    /// <summary>Nothing is given.</summary>
    public static GivenSettings None { get; } =
        new(ImmutableSortedDictionary.Create<string, GivenText>(StringComparer.OrdinalIgnoreCase));

    /// <summary>The sections of a configuration, in which an empty text counts as none.</summary>
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

    /// <summary>These with one text over them.</summary>
    public GivenSettings With(string path, string source, string text) => new(_texts.SetItem(path, new(source, text)));

    /// <summary>The text at a path; null for none.</summary>
    public GivenText? Find(string path) => _texts.GetValueOrDefault(path);

    /// <summary>The texts of a list, in the order of their numbers.</summary>
    public IReadOnlyList<GivenText> FindAll(string path) =>
    [
        .. _texts.Where(text => IsItem(text.Key, path))
            .OrderBy(text => int.Parse(text.Key.AsSpan(path.Length + 1)))
            .Select(text => text.Value),
    ];

    /// <summary>Everything below a prefix.</summary>
    public IEnumerable<KeyValuePair<string, GivenText>> Below(string prefix) =>
        _texts.Where(text => text.Key.StartsWith(prefix + ":", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a path is a numbered item of a list.</summary>
    public static bool IsItem(string path, string list) =>
        path.Length > list.Length + 1 && path[list.Length] == ':'
        && path.StartsWith(list, StringComparison.OrdinalIgnoreCase)
        && int.TryParse(path.AsSpan(list.Length + 1), System.Globalization.NumberStyles.None, null, out _);
}
