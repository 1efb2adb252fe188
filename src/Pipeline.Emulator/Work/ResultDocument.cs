using System.Text.Json;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work;

/// <summary>The result of a task: what <c>GET tasks/{id}/results</c> gives and what lies in the bucket.</summary>
internal static class ResultDocument
{
    public static void Write(Stream destination, TaskRow task, TaskInput input, FetchedPage page, DateTimeOffset startedAt, TimeSpan duration)
    {
        using var writer = new Utf8JsonWriter(destination, Replies.Json);
        writer.WriteStartObject();
        writer.WriteString("url", input.Url);
        writer.WriteString("task_id", task.Id);
        writer.WriteString("status", task.Faults.ResultStatus ?? "success");
        writer.WriteStartObject("data");
        PageContent.WriteData(writer, page, input.Formats, input.Parse);
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

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }
}
