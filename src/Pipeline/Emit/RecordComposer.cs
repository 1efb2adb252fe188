using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Pipeline.Collect;
using Pipeline.Ledger;

namespace Pipeline.Emit;

/// <summary>Puts a record together, schema <c>pipeline.record/1</c> (docs/record.md): the envelope is written around the staged bytes, which are not copied again.</summary>
internal static class RecordComposer
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = MinimalJsonEncoder.Instance };
    private static readonly byte[] ContentStart = ",\"content\":{"u8.ToArray();
    private static readonly byte[] ParsedStart = ",\"parsed\":"u8.ToArray();
    private static readonly byte[] ExtraStart = ",\"extra\":{"u8.ToArray();
    private static readonly byte[] ExtraClose = "}}"u8.ToArray();
    private static readonly byte[] Comma = ","u8.ToArray();
    private static readonly byte[] Close = "}"u8.ToArray();

    /// <summary>Composes the record and takes over the result's staged bytes: dispose the record; disposing the result too is harmless.</summary>
    public static StagedRecord Compose(NormalizedResult result, RecordContext context)
    {
        using var input = new EffectiveInput(context.SharedInputs, context.Input.Input);
        var envelope = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(envelope, WriterOptions);
        var requestedAt = context.RequestedAt ?? ReadTime(result.QueryTime);
        WriteHead(writer, result, context, input, requestedAt);
        var head = envelope.WrittenCount;
        WriteTail(writer, result, context, input);

        // What the result says of its time is used where we have no better, and kept where we have.
        var ownTime = context.RequestedAt is null && requestedAt is not null ? null : result.QueryTime;
        return new(context.Input.Id, context.ListId, context.SubmissionId,
            [.. Join(result, envelope.WrittenMemory[..head], envelope.WrittenMemory[head..], ownTime)]);
    }

    private static void WriteHead(Utf8JsonWriter writer, NormalizedResult result, RecordContext context, EffectiveInput input, DateTimeOffset? requestedAt)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "pipeline.record/1");
        writer.WriteString("id", context.Input.Id);
        writer.WriteString("list_id", context.ListId);
        writer.WriteString("submission_id", context.SubmissionId);
        WriteIfAny(writer, "batch_id", context.BatchId);
        writer.WriteString("task_id", context.TaskId);
        writer.WriteString("url", context.Input.Url);
        writer.WriteString("status", result.Status ?? "success");
        if (result.StatusCode is { } statusCode)
            writer.WriteNumber("http_status", statusCode);
        WriteIfAny(writer, "country", result.Country ?? input.GetText("country"));
        WriteIfAny(writer, "locale", result.Locale ?? input.GetText("locale"));
        WriteIfAny(writer, "driver", result.Driver ?? input.GetText("driver"));
        if (result.DurationMs is { } duration)
            writer.WriteNumber("duration_ms", duration);
        if (requestedAt is { } requested)
            writer.WriteString("requested_at", requested.UtcDateTime);
        writer.WriteString("collected_at", context.CollectedAt.UtcDateTime);
        writer.Flush();
    }

    private static void WriteTail(Utf8JsonWriter writer, NormalizedResult result, RecordContext context, EffectiveInput input)
    {
        writer.WriteString("content_digest", result.ContentDigest);
        writer.WriteNumber("content_bytes", result.ContentBytes);
        writer.WriteStartObject("source");
        writer.WriteString("uri", context.SourceUri);
        WriteIfAny(writer, "etag", context.SourceETag);
        writer.WriteNumber("bytes", result.StoredBytes);
        writer.WriteBoolean("compressed", result.Compressed);
        writer.WriteEndObject();
        writer.WritePropertyName("input");
        input.WriteTo(writer);
        // A tag that is the input's id is Intake's own, for telling inputs of one URL apart.
        var tag = input.GetText("tag") ?? result.Tag;
        WriteIfAny(writer, "tag", tag == context.Input.Id ? null : tag);
        writer.Flush();
    }

    /// <summary>The envelope's two stretches with the staged bytes between and behind them.</summary>
    private static IEnumerable<StagedRecord.Segment> Join(NormalizedResult result, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> tail, string? queryTime)
    {
        var (content, parsed, extra) = result.Release();
        yield return new(head);
        if (content is not null)
        {
            yield return new(ContentStart);
            yield return new(default, content);
            yield return new(Close);
        }
        if (parsed is not null)
        {
            yield return new(ParsedStart);
            yield return new(default, parsed);
        }
        yield return new(tail);
        var hasExtra = extra is not null || queryTime is not null;
        if (hasExtra)
            yield return new(ExtraStart);
        if (extra is not null)
            yield return new(default, extra);
        if (queryTime is not null)
        {
            if (extra is not null)
                yield return new(Comma);
            yield return new(EncodeQueryTime(queryTime));
        }
        yield return new(hasExtra ? ExtraClose : Close);
    }

    private static byte[] EncodeQueryTime(string queryTime) =>
        [.. "\"metadata.query_time\":\""u8, .. JsonEncodedText.Encode(queryTime, WriterOptions.Encoder).EncodedUtf8Bytes, .. "\""u8];

    private static void WriteIfAny(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    private static DateTimeOffset? ReadTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
