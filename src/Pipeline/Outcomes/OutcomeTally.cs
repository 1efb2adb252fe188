using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Model;

namespace Pipeline.Outcomes;

/// <summary>
/// Counts the outcomes of inputs, for manifests. A submission stores its own tally when it closes, so a list's manifest
/// is the sum of tallies and reads no input again. Not thread-safe.
/// </summary>
internal sealed class OutcomeTally
{
    /// <summary>The status of a page whose result names none.</summary>
    private const string NoStatus = "unknown";

    /// <summary>Number of inputs with a record.</summary>
    public long Records { get; set; }

    /// <summary>Number of inputs with a failure.</summary>
    public long Failures { get; set; }

    /// <summary>Number of inputs.</summary>
    [JsonIgnore]
    public long Total => Records + Failures;

    /// <summary>Number of records by what changed since the last run of their series.</summary>
    public ManifestChanges Changes { get; set; } = new(0, 0, 0, 0);

    /// <summary>Number of inputs by what reported their result.</summary>
    public SortedDictionary<string, long> DiscoveredBy { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Number of failures by reason.</summary>
    public SortedDictionary<string, long> FailuresByReason { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Number of records by the page's HTTP status.</summary>
    public SortedDictionary<string, long> RecordsByHttpStatus { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Counts inputs. Inputs that moved to another submission count there.</summary>
    public static OutcomeTally Of(IEnumerable<InputEntry> inputs)
    {
        var tally = new OutcomeTally();
        foreach (var input in inputs)
            tally.Add(input);
        return tally;
    }

    /// <summary>Adds the counts of another tally.</summary>
    public void Add(OutcomeTally other)
    {
        Records += other.Records;
        Failures += other.Failures;
        Changes = new(
            Changes.New + other.Changes.New, Changes.Same + other.Changes.Same,
            Changes.Changed + other.Changes.Changed, Changes.Removed + other.Changes.Removed);
        Add(DiscoveredBy, other.DiscoveredBy);
        Add(FailuresByReason, other.FailuresByReason);
        Add(RecordsByHttpStatus, other.RecordsByHttpStatus);
    }

    /// <summary>Serializes the tally to the JSON that ledgers keep in one column.</summary>
    public override string ToString() => JsonSerializer.Serialize(this, OutcomeTallyJson.Default.OutcomeTally);

    /// <summary>
    /// Parses the JSON of <see cref="ToString"/>. Unreadable JSON counts as no tally: the inputs are then counted
    /// again.
    /// </summary>
    public static OutcomeTally? Read(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, OutcomeTallyJson.Default.OutcomeTally);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Add(InputEntry input)
    {
        if (input.State == InputState.Moved)
            return;
        Count(DiscoveredBy, input.DiscoveredBy.ToString().ToLowerInvariant());
        if (input.State == InputState.Recorded)
        {
            Records++;
            Changes = Changes.With(input.Series?.Change);
            Count(RecordsByHttpStatus, input.HttpStatus?.ToString(CultureInfo.InvariantCulture) ?? NoStatus);
        }
        else
        {
            Failures++;
        }

        if (input.Reason is { } reason)
            Count(FailuresByReason, reason);
    }

    private static void Add(SortedDictionary<string, long> to, SortedDictionary<string, long> from)
    {
        foreach (var (key, count) in from)
            Count(to, key, count);
    }

    private static void Count(SortedDictionary<string, long> counts, string key, long by = 1) =>
        counts[key] = counts.GetValueOrDefault(key) + by;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OutcomeTally))]
internal sealed partial class OutcomeTallyJson : JsonSerializerContext;
