using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports.History;

/// <summary>Reads what a record says about itself, without its content.</summary>
internal sealed class RecordFactsReader(IRecordReader records)
{
    private const int MaxBytes = 8 << 20;

    /// <summary>Reads the facts of a record; null without one, or if it is longer than 8 MiB.</summary>
    public async Task<RecordFacts?> ReadAsync(
        string listId, InputEntry input, CancellationToken cancellationToken)
    {
        if (input.State != InputState.Recorded
            || await records.OpenRecordAsync(listId, input, cancellationToken) is not { } record)
            return null;
        await using (record)
        {
            using var bytes = new MemoryStream();
            var buffer = new byte[1 << 16];
            while (bytes.Length <= MaxBytes && await record.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                bytes.Write(buffer, 0, read);
            return bytes.Length > MaxBytes ? null : Read(bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
        }
    }

    private static RecordFacts? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, PipelineJson.Documents);
            var record = document.RootElement;
            var source = record.TryGetProperty("source", out var found) ? found : default;
            return new(
                json.Length, (int?)Number(record, "http_status"), Time(record, "collected_at"),
                Text(record, "content_digest"), Number(record, "content_bytes"), Text(source, "uri"),
                Number(source, "bytes"), Text(source, "etag"));
        }
        // Somebody has changed the file.
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement of, string name) =>
        Find(of, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static long? Number(JsonElement of, string name) =>
        Find(of, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value)
            ? value
            : null;

    private static DateTimeOffset? Time(JsonElement of, string name) =>
        Find(of, name) is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out var time)
            ? time
            : null;

    private static JsonElement Find(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : default;
}
