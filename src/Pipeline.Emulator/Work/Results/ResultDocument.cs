using System.Text.Json;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work.Results;

/// <summary>
/// Writes the result of a task, which both <c>GET tasks/{id}/results</c> and the object in the bucket contain.
/// </summary>
internal static class ResultDocument
{
    public static void Write(
        Stream destination, TaskRow task, TaskInput input, FetchedPage page, DateTimeOffset startedAt,
        TimeSpan duration)
    {
        using var writer = new Utf8JsonWriter(destination, Replies.Json);
        writer.WriteStartObject();
        var isV2 = task.Delivery.IsV2 == true;
        // The API's documents say that this is the input's URL; the SDK's types say that it is the URL after redirects.
        writer.WriteString("url", isV2 && page.Redirects.Count > 0 ? page.FinalUrl.OriginalString : input.Url);
        writer.WriteString("task_id", task.Id);
        writer.WriteString("status", task.Faults.ResultStatus ?? "success");
        writer.WriteStartObject("data");
        PageContent.WriteData(writer, page, input.Formats, input.Parse);
        if (isV2)
            WriteSdkData(writer, page, input.Formats);
        writer.WriteEndObject();
        writer.WriteStartObject("metadata");
        writer.WriteString("query_time", TaskJson.Time(startedAt));
        writer.WriteNumber("query_duration", (long)duration.TotalMilliseconds);
        writer.WriteString("driver", input.Driver);
        WriteOptional(writer, "country", input.Country);
        WriteOptional(writer, "locale", input.Locale);
        WriteOptional(writer, "tag", input.Tag);
        writer.WriteEndObject();
        writer.WriteNumber("status_code", page.StatusCode);
        writer.WriteEndObject();
    }

    /// <summary>Writes the members of <c>data</c> that only the types of the vendor's current SDK have.</summary>
    private static void WriteSdkData(Utf8JsonWriter writer, FetchedPage page, IReadOnlySet<string> formats)
    {
        // Always empty, because the emulator has no browser.
        if (formats.Contains("screenshot"))
        {
            writer.WriteStartArray("screenshots");
            writer.WriteEndArray();
        }
        if (page.Redirects.Count == 0)
            return;
        writer.WriteStartArray("redirects");
        foreach (var redirect in page.Redirects)
        {
            writer.WriteStartObject();
            writer.WriteNumber("status_code", redirect.StatusCode);
            writer.WriteString("url", redirect.Url.OriginalString);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }
}
