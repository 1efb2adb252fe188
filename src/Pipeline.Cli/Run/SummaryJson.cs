using System.Text;
using System.Text.Json;
using Pipeline.Cli.Settings;
using Pipeline.Json;

namespace Pipeline.Cli.Run;

/// <summary>The closing summary as a JSON object, for programs.</summary>
internal static class SummaryJson
{
    /// <summary>Composes it.</summary>
    /// <param name="settings">The settings of the run, for the paths of its files.</param>
    /// <param name="listIds">The lists.</param>
    /// <param name="totals">Sums over the lists by name.</param>
    /// <param name="groups">Groups of counts, such as failures by reason.</param>
    /// <param name="cost">The estimated cost; null without a price.</param>
    /// <param name="exitCode">The exit code of the command.</param>
    public static string Compose(
        RunSettings settings,
        IReadOnlyList<string> listIds,
        IEnumerable<KeyValuePair<string, long>> totals,
        IEnumerable<(string Name, IEnumerable<KeyValuePair<string, long>> Counts)> groups,
        decimal? cost,
        int exitCode)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Encoder = MinimalJsonEncoder.Instance }))
        {
            json.WriteStartObject();
            json.WriteStartArray("lists");
            foreach (var id in listIds)
                json.WriteStringValue(id);
            json.WriteEndArray();
            WriteNumbers(json, totals);
            foreach (var (name, counts) in groups)
            {
                json.WriteStartObject(name);
                WriteNumbers(json, counts);
                json.WriteEndObject();
            }
            if (cost is { } estimated)
                json.WriteNumber("estimated_cost", estimated);
            foreach (var file in (string[])["records.ndjson", "failures.ndjson", "manifest.json"])
                json.WriteString($"{Path.GetFileNameWithoutExtension(file)}_file", Path.Combine(settings.Out, file));
            json.WriteNumber("exit_code", exitCode);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteNumbers(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, long>> numbers)
    {
        foreach (var (name, number) in numbers)
            json.WriteNumber(name, number);
    }
}
