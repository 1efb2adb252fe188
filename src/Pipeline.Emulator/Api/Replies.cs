using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Emulator.Api;

/// <summary>Writes answers in the API's shapes.</summary>
internal static class Replies
{
    public static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task ObjectAsync(HttpContext context, int status, Action<Utf8JsonWriter> members)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        await using (var writer = new Utf8JsonWriter(context.Response.BodyWriter, Json))
        {
            writer.WriteStartObject();
            var wrap = status == StatusCodes.Status200OK ? context.Items[typeof(Replies)] as string : null;
            if (wrap is not null)
                writer.WriteStartObject(wrap);
            members(writer);
            if (wrap is not null)
                writer.WriteEndObject();
            writer.WriteEndObject();
        }
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>Answers an error as <c>{status:"failed", msg}</c>.</summary>
    public static Task FailedAsync(HttpContext context, int status, string message) => ObjectAsync(context, status, w =>
    {
        w.WriteString("status", "failed");
        w.WriteString("msg", message);
    });

    /// <summary>Answers 400 with all errors, at most 100 of them.</summary>
    public static Task InvalidAsync(HttpContext context, IReadOnlyCollection<string> errors) =>
        ObjectAsync(context, 400, w =>
    {
        w.WriteString("status", "failed");
        var first = errors.First();
        w.WriteString("msg", errors.Count == 1 ? first : $"The request has {errors.Count} errors. The first: {first}");
        w.WriteString("error", "validation_error");
        w.WriteStartObject("details");
        w.WriteStartArray("schema_validation_errors");
        foreach (var error in errors.Take(100))
            w.WriteStringValue(error);
        w.WriteEndArray();
        w.WriteEndObject();
    });

    /// <summary>Answers 500 or 555 as <c>{success:"false", task_id, message}</c>.</summary>
    public static Task BrokenAsync(HttpContext context, int status, string? taskId, string message) =>
        ObjectAsync(context, status, w =>
    {
        w.WriteString("success", "false");
        w.WriteString("task_id", taskId);
        w.WriteString("message", message);
    });

    /// <summary>
    /// Answers 429 with the wait in seconds, rounded up, and also in milliseconds where that differs; or with a date in
    /// the past.
    /// </summary>
    public static Task TooManyAsync(HttpContext context, int retryAfterMs, bool isPast = false)
    {
        context.Response.Headers.RetryAfter = isPast
            ? DateTimeOffset.UnixEpoch.ToString("R")
            : ((retryAfterMs + 999) / 1000).ToString();
        if (retryAfterMs % 1000 != 0)
            context.Response.Headers["retry-after-ms"] = retryAfterMs.ToString();
        return FailedAsync(context, 429, "Too many requests.");
    }
}
