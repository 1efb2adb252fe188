using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Pipeline.Emulator.Sessions;

/// <summary>The values that differ between a recorded session and its replay, by their placeholder.</summary>
/// <remarks>
/// <c>{{session.api}}</c> is the root of the API; <c>{{session.callback:3}}</c> and <c>{{session.storage:3}}</c> are
/// the callback URL and the storage URL of the third POST. Recordings never have these two, because they hold secrets.
/// </remarks>
internal sealed partial class SessionText
{
    private const string Removed = "[removed]";

    // Emulators accept keys such as "any", which are not secret and occur in words.
    private const int MinKeyLength = 12;

    private static readonly HashSet<string> SecretMembers = new(StringComparer.OrdinalIgnoreCase)
    {
        "authorization", "proxy-authorization", "cookie", "cookies", "set-cookie", "password", "secret", "api_key",
        "apikey", "x-api-key", "access_token", "token",
    };

    private readonly Lock _changing = new();
    private IReadOnlyList<(string Value, string Placeholder)> _values = [];
    private IReadOnlySet<string> _keys = new HashSet<string>();

    /// <summary>Sets the value that a placeholder replaces. Longer values are replaced first.</summary>
    public void Bind(string name, string value)
    {
        var pair = (Value: value, Placeholder: $"{{{{session.{name}}}}}");
        lock (_changing)
            _values = [.. _values.Append(pair).OrderByDescending(v => v.Value.Length)];
    }

    /// <summary>Adds an API key of at least 12 characters, which is hidden wherever it occurs.</summary>
    public void AddKey(string key)
    {
        lock (_changing)
            if (key.Length >= MinKeyLength && !_keys.Contains(key))
                _keys = new HashSet<string>(_keys) { key };
    }

    /// <summary>The text with placeholders in place of values, and without keys and signatures.</summary>
    public string Hide(string text)
    {
        foreach (var key in _keys)
            text = text.Replace(key, Removed, StringComparison.Ordinal);
        foreach (var (value, placeholder) in _values)
            text = text.Replace(value, placeholder, StringComparison.Ordinal);
        return Signature().Replace(text, "$1" + Removed);
    }

    /// <summary>The text with this session's values in place of placeholders.</summary>
    public string Fill(string text)
    {
        if (!text.Contains("{{session.", StringComparison.Ordinal))
            return text;
        foreach (var (value, placeholder) in _values)
            text = text.Replace(placeholder, value, StringComparison.Ordinal);
        return text;
    }

    /// <summary>Hides every string of a JSON value, and the values of members that hold secrets.</summary>
    public JsonNode? Hide(JsonNode? node) => Map(node, Hide, removesSecrets: true);

    /// <summary>Fills every string of a JSON value.</summary>
    public JsonNode? Fill(JsonNode? node) => Map(node, Fill, removesSecrets: false);

    private static JsonNode? Map(JsonNode? node, Func<string, string> map, bool removesSecrets) => node switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(
            member.Key,
            removesSecrets && SecretMembers.Contains(member.Key)
                ? JsonValue.Create(Removed)
                : Map(member.Value, map, removesSecrets)))),
        JsonArray items => new JsonArray([.. items.Select(item => Map(item, map, removesSecrets))]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => JsonValue.Create(map((string)value!)),
        _ => node?.DeepClone(),
    };

    // Addresses of storage that contain a signature.
    [GeneratedRegex(
        "([?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|X-Goog-Signature|X-Goog-Credential)=)[^&\\s\"]+",
        RegexOptions.IgnoreCase)]
    private static partial Regex Signature();
}
