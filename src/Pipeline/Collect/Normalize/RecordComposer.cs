using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Pipeline.IO;
using Pipeline.Json;
using Pipeline.Model.Series;
using Pipeline.Notation;
using Pipeline.Staging;
using Pipeline.Urls;

namespace Pipeline.Collect.Normalize;

/// <summary>
/// Composes a record, schema <c>pipeline.record/1</c> (docs/record.md). It writes the envelope around the staged bytes
/// without copying them.
/// </summary>
internal static class RecordComposer
{
    private const int EnvelopeBytes = 2 * 1024;
    private const int DigestBytes = 7 + 32;

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = MinimalJsonEncoder.Instance };
    private static readonly ReadOnlyMemory<byte> ContentStart = ",\"content\":{"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> ParsedStart = ",\"parsed\":"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Comma = ","u8.ToArray();
    private static readonly ReadOnlyMemory<byte> ExtraStart = ",\"extra\":{"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> ExtraClose = "}}"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Close = "}"u8.ToArray();

    // One per thread: creating a writer costs more than what it writes here.
    [ThreadStatic]
    private static Utf8JsonWriter? t_writer;

    /// <summary>
    /// Composes the record and takes ownership of the result's staged bytes. Dispose the record; disposing the result
    /// as well is harmless.
    /// </summary>
    public static StagedRecord Compose(NormalizedResult result, RecordContext context)
    {
        var envelope = new PooledBytes(EnvelopeBytes);
        var writer = t_writer ?? new(envelope, WriterOptions);
        // Restored on success only: an exception may leave the writer in an unusable state.
        t_writer = null;
        try
        {
            writer.Reset(envelope);
            var series = SeriesChange.Of(result, context);
            var (head, tail) = WriteEnvelope(writer, envelope, result, context, series);
            t_writer = writer;
            return Join(result, context, envelope, head, tail, series);
        }
        catch
        {
            envelope.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the three parts of the envelope into one buffer: the head before the content, the tail after it, and our
    /// own members of <c>extra</c>, which may be empty. Returns where head and tail end.
    /// </summary>
    private static (int Head, int Tail) WriteEnvelope(
        Utf8JsonWriter writer, PooledBytes envelope, NormalizedResult result, RecordContext context,
        InputSeries? series)
    {
        using var input = new EffectiveInput(context.SharedInputs, context.Input.Input, context.Input.Kept);
        var requestedAt = context.RequestedAt ?? ReadTime(result.QueryTime);
        WriteHead(writer, result, context, input, requestedAt);
        var head = envelope.Length;
        WriteTail(writer, result, context, input, series);
        var tail = envelope.Length;
        // The result's own time is requested_at if we have no time of the POST; otherwise, it goes to extra.
        if (context.RequestedAt is not null || requestedAt is null)
            WriteIfAny(writer, "metadata.query_time", result.QueryTime);
        if (result.LoneSurrogates > 0)
            writer.WriteNumber("pipeline.lone_surrogates", result.LoneSurrogates);
        writer.Flush();
        return (head, tail);
    }

    private static void WriteHead(
        Utf8JsonWriter writer, NormalizedResult result, RecordContext context, EffectiveInput input,
        DateTimeOffset? requestedAt)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "pipeline.record/1");
        writer.WriteString("id", context.Input.Id);
        writer.WriteString("list_id", context.ListId);
        writer.WriteString("submission_id", context.SubmissionId);
        WriteIfAny(writer, "batch_id", context.BatchId);
        writer.WriteString("task_id", context.TaskId);
        WriteIfAny(writer, "series", context.Series);
        writer.WriteString("url", context.Input.Url);
        if (result.Url is { } resultUrl && !CanonicalUrl.AreSame(resultUrl, context.Input.Url))
            writer.WriteString("result_url", resultUrl);
        // Ledger rows in Azure Table Storage from older versions have no line.
        if (context.Input.Line > 0)
            writer.WriteNumber("line", context.Input.Line);
        writer.WriteString("status", result.Status ?? "success");
        if (result.StatusCode is { } statusCode)
            writer.WriteNumber("http_status", statusCode);
        WriteIfAny(writer, "country", result.Country ?? input.GetText("country"));
        WriteIfAny(writer, "locale", result.Locale ?? input.GetText("locale"));
        WriteIfAny(writer, "driver", result.Driver ?? input.GetText("driver"));
        if (result.DurationMs is { } duration)
            writer.WriteNumber("duration_ms", duration);
        if (requestedAt is { } requested)
            UtcTime.WriteMember(writer, "requested_at", requested);
        UtcTime.WriteMember(writer, "collected_at", context.CollectedAt);
        writer.Flush();
    }

    private static void WriteTail(
        Utf8JsonWriter writer, NormalizedResult result, RecordContext context, EffectiveInput input,
        InputSeries? series)
    {
        Span<byte> digest = stackalloc byte[DigestBytes];
        Utf8.TryWrite(digest, $"xxh128:{result.ContentHash:x32}", out _);
        writer.WriteString("content_digest", digest);
        writer.WriteNumber("content_bytes", result.ContentBytes);
        if (series is not null)
            WriteSeries(writer, series);
        writer.WriteStartObject("source");
        writer.WriteString("uri", context.SourceUri);
        WriteIfAny(writer, "etag", context.SourceETag);
        writer.WriteNumber("bytes", result.StoredBytes);
        writer.WriteBoolean("compressed", result.Compressed);
        writer.WriteEndObject();
        WriteOmitted(writer, result.Omitted);
        writer.WritePropertyName("input");
        input.WriteTo(writer);
        // Intake sets the input's id as the tag to tell inputs of the same URL apart; users never see it.
        var tag = input.GetText("tag") ?? result.Tag;
        WriteIfAny(writer, "tag", tag == context.Input.Id ? null : tag);
        writer.Flush();
    }

    /// <summary>Joins the parts of the envelope and the staged bytes between them.</summary>
    private static StagedRecord Join(
        NormalizedResult result, RecordContext context, PooledBytes envelope, int head, int tail, InputSeries? series)
    {
        var (content, parsed, lists, extra) = result.Release();
        var written = envelope.Written;
        var own = written[tail..];
        var hasExtra = extra is not null || own.Length > 0;
        // The writer put a comma before our own members; without staged members of extra, nothing precedes it.
        if (extra is null && hasExtra)
            own = own[1..];
        return new(context.Input.Id, context.ListId, context.SubmissionId,
            [
                new(written[..head]),
                new(
                    content is null ? default : ContentStart), new(default,
                    content), new(content is null ? default : Close),
                new(parsed is null ? default : ParsedStart), new(default, parsed),
                new(lists is null ? default : Comma), new(default, lists),
                new(written[head..tail]),
                new(hasExtra ? ExtraStart : default), new(default, extra), new(own),
                new(hasExtra ? ExtraClose : Close),
            ],
            envelope)
        {
            HttpStatus = result.StatusCode,
            Series = series,
            ContentDigest = result.ContentDigest,
        };
    }

    private static void WriteSeries(Utf8JsonWriter writer, InputSeries series)
    {
        WriteIfAny(writer, "text_digest", series.Current?.TextDigest);
        writer.WriteString("change", SeriesChange.NameOf(series.Change!.Value));
        WriteIfAny(writer, "previous_digest", series.Previous?.ContentDigest);
    }

    private static void WriteOmitted(Utf8JsonWriter writer, List<string>? omitted)
    {
        if (omitted is null)
            return;
        writer.WriteStartArray("omitted");
        foreach (var name in omitted)
            writer.WriteStringValue(name);
        writer.WriteEndArray();
    }

    private static void WriteIfAny(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    private static DateTimeOffset? ReadTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;
}
