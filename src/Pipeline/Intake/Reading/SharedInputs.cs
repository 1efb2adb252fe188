using System.Buffers;
using System.Text;
using System.Text.Json;
using Pipeline.Intake.Reading.Csv;
using Pipeline.Intake.Reading.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Urls;

namespace Pipeline.Intake.Reading;

/// <summary>
/// The extraction defaults of a list: those in its body, overridden by those given from outside.
/// </summary>
internal sealed class SharedInputs
{
    private SharedInputs(IReadOnlyList<(string Name, byte[] Value)> properties, string? url)
    {
        Properties = properties;
        Url = url;
        HasTag = properties.Any(p => p.Name == "tag");
        Json = Join(properties);
    }

    /// <summary>No defaults.</summary>
    public static SharedInputs None { get; } = new([], null);

    /// <summary>The defaults, sorted by name; each value is canonical JSON in UTF-8.</summary>
    public IReadOnlyList<(string Name, byte[] Value)> Properties { get; }

    /// <summary>The URL of every item without one of its own; null for none.</summary>
    public string? Url { get; }

    /// <summary>Whether the user gives every input a tag.</summary>
    public bool HasTag { get; }

    /// <summary>All defaults as a JSON object.</summary>
    public string Json { get; }

    /// <summary>Merges the list's own defaults with those from outside. Either may be null.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: they have a delivery field or an invalid URL. The message says what to do.
    /// </exception>
    public static SharedInputs Merge(JsonElement? own, JsonElement? outside)
    {
        var merged = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var part in new[] { own, outside })
        {
            foreach (var property in part?.EnumerateObject() ?? default)
                merged[property.Name] = property.Value;
        }
        if (merged.Keys.FirstOrDefault(DeliveryFields.Contains) is { } field)
        {
            throw Refused(
                $"shared_inputs has '{field}', which the pipeline sets itself for every submission. Remove it and use "
                    + "the settings Delivery:StorageUrl, Delivery:Compress and Delivery:CallbackBase.");
        }
        if (merged.Count == 0)
            return None;
        return new([.. merged.Select(p => (p.Key, CanonicalJson.ToBytes(p.Value)))], UrlOf(merged));
    }

    /// <summary>Reads a JSON object of defaults.</summary>
    /// <exception cref="PipelineException">Permanent: not a JSON object, or not valid Unicode.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, CanonicalJson.Strict);
            return Checked(document.RootElement, json.Span).Clone();
        }
        catch (JsonException error)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"shared_inputs is not valid JSON: {JsonProblems.Describe(error)}.",
                error);
        }
    }

    /// <summary>
    /// Converts <c>name=value</c> pairs from a command line to a JSON object. Values get their JSON type as CSV cells
    /// do.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: not a pair, an unknown name, or an unusable value.</exception>
    public static string FromPairs(IEnumerable<string> pairs)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        using (var writer = new Utf8JsonWriter(buffer, CanonicalJson.Options))
        {
            writer.WriteStartObject();
            foreach (var pair in pairs)
            {
                var equals = pair.IndexOf('=', StringComparison.Ordinal);
                if (equals < 1)
                    throw Refused($"'{pair}' is not a shared input. Write name=value, for example country=US.");
                var name = NameOf(pair[..equals].Trim());
                if (string.IsNullOrWhiteSpace(pair[(equals + 1)..]))
                    throw Refused($"'{pair}' has no value. Write name=value, for example country=US, or leave it out.");
                if (!given.TryAdd(name, pair))
                    throw Refused($"'{name}' is given twice, as '{given[name]}' and '{pair}'. Remove one of them.");
                if (CellValue.Write(writer, name, Encoding.UTF8.GetBytes(pair[(equals + 1)..])) is { } problem)
                    throw Refused($"The shared input '{pair}' cannot be used: {problem}.");
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(CanonicalJson.ToBytes(Parse(buffer.WrittenMemory)));
    }

    /// <summary>
    /// Returns the name in the API's spelling. Lets delivery fields pass: <see cref="Merge"/> refuses them with a
    /// better message.
    /// </summary>
    private static string NameOf(string name)
    {
        if (DeliveryFields.Contains(name))
            return name;
        var nearest = ExtractionFields.Nearest(name);
        return ExtractionFields.Find(name)
            ?? throw Refused(
                $"'{name}' is not an extraction field.{(nearest is null ? "" : $" Did you mean '{nearest}'?")}");
    }

    private static JsonElement Checked(JsonElement value, ReadOnlySpan<byte> raw)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Refused("shared_inputs is not a JSON object. Write it as {\"country\":\"US\",...}.");
        return CanonicalJson.IsText(value, raw)
            ? value
            : throw Refused("shared_inputs contains half of a surrogate pair. Correct the escape \\uD8xx.");
    }

    private static string? UrlOf(SortedDictionary<string, JsonElement> merged)
    {
        if (!merged.TryGetValue("url", out var value))
            return null;
        if (value.ValueKind != JsonValueKind.String)
            throw Refused("'url' in shared_inputs is not a string. Write one URL there, or a URL in every item.");
        var url = value.GetString()!;
        return UrlRules.Check(url) is { } problem
            ? throw Refused($"'url' in shared_inputs cannot be used: {problem}.")
            : url;
    }

    private static string Join(IReadOnlyList<(string Name, byte[] Value)> properties)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, CanonicalJson.Options))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in properties)
            {
                writer.WritePropertyName(name);
                writer.WriteRawValue(value, skipInputValidation: true);
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static PipelineException Refused(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
