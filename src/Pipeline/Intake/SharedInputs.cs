using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Pipeline.Intake;

/// <summary>
/// The extraction defaults of a list: those of its own body, with those given from outside over them.
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

    /// <summary>Sorted by name, each value in its canonical form.</summary>
    public IReadOnlyList<(string Name, byte[] Value)> Properties { get; }

    /// <summary>The URL of every item that has none of its own.</summary>
    public string? Url { get; }

    /// <summary>Whether items come with a tag of the user's already.</summary>
    public bool HasTag { get; }

    /// <summary>All of them as a JSON object.</summary>
    public string Json { get; }

    /// <summary>Merges; null for a side that has none.</summary>
    /// <exception cref="PipelineException">Permanent: not usable; the message says what to do.</exception>
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
                $"shared_inputs has '{field}', which the pipeline sets itself for every submission. Remove it, and use "
                    + "the settings "
                    + "Delivery:StorageUrl, Delivery:Compress and Delivery:CallbackBase."
            );
        }
        if (merged.Count == 0)
            return None;
        return new([.. merged.Select(p => (p.Key, CanonicalJson.ToBytes(p.Value)))], UrlOf(merged));
    }

    /// <summary>Reads a JSON object of defaults.</summary>
    /// <exception cref="PipelineException">Permanent: not a JSON object.</exception>
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
                error
            );
        }
    }

    /// <summary>
    /// Reads <c>name=value</c> pairs as typed on a command line into a JSON object; a value is typed as the cell of a
    /// CSV list is.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: a pair that is none, or a value that cannot be read.</exception>
    public static string FromPairs(IEnumerable<string> pairs)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, CanonicalJson.Options))
        {
            writer.WriteStartObject();
            foreach (var pair in pairs)
            {
                var equals = pair.IndexOf('=', StringComparison.Ordinal);
                if (equals < 1)
                    throw Refused($"'{pair}' is not a shared input. Write name=value, for example country=US.");
                if (
                    CellValue.Write(
                        writer,
                        NameOf(pair[..equals].Trim()),
                        Encoding.UTF8.GetBytes(pair[(equals + 1)..])
                    ) is
                    { } problem
                )
                    throw Refused($"The shared input '{pair}' cannot be used: {problem}.");
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(CanonicalJson.ToBytes(Parse(buffer.WrittenMemory)));
    }

    /// <summary>A name as the API writes it. Delivery fields pass, to be refused with their own words.</summary>
    private static string NameOf(string name)
    {
        if (DeliveryFields.Contains(name))
            return name;
        var nearest = ExtractionFields.Nearest(name);
        return ExtractionFields.Find(name)
            ?? throw Refused(
                $"'{name}' is not an extraction field.{(nearest is null ? "" : $" Did you mean '{nearest}'?")}"
            );
    }

    private static JsonElement Checked(JsonElement value, ReadOnlySpan<byte> raw)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Refused("shared_inputs is not a JSON object. Write it as {\"country\":\"US\",...}.");
        return CanonicalJson.IsText(value, raw)
            ? value
            : throw Refused("shared_inputs has half of a surrogate pair in it. Correct the escape \\uD8xx.");
    }

    private static string? UrlOf(SortedDictionary<string, JsonElement> merged)
    {
        if (!merged.TryGetValue("url", out var value))
            return null;
        if (value.ValueKind != JsonValueKind.String)
            throw Refused("'url' in shared_inputs is not a string. Write one URL, or a URL in every item.");
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
