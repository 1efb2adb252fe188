using System.Globalization;
using System.Text.Json;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api.Tasks;

/// <summary>Writes a task as the API and webhooks show it.</summary>
internal static class TaskJson
{
    /// <summary>Writes the task as an object.</summary>
    /// <param name="writer">The destination.</param>
    /// <param name="task">The task.</param>
    /// <param name="state">The public name of its state.</param>
    /// <param name="root">The root of the API, including the version, without a trailing slash.</param>
    public static void Write(Utf8JsonWriter writer, TaskRow task, string state, string root)
    {
        writer.WriteStartObject();
        WriteMembers(writer, task, state, root);
        writer.WriteEndObject();
    }

    /// <summary>Writes the members of the task's object, without its braces.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, TaskRow task, string state, string root)
    {
        writer.WriteString("id", task.Id);
        writer.WriteString("state", state);
        writer.WriteString("status_url", $"{root}/tasks/{task.Id}");
        writer.WriteString("created_at", Time(task.CreatedAt));
        writer.WriteString("modified_at", Time(task.FinishedAt ?? task.CreatedAt));
        WriteEcho(writer, task);
        writer.WriteString("api_type", "extract");
        writer.WriteString("batch_id", task.BatchId);
        if (task.StatusCode is { } code)
            writer.WriteNumber("status_code", code);
        if (task.OutputUrl is not null)
            writer.WriteString("output_url", task.OutputUrl);
        if (task.State == TaskState.Success)
            writer.WriteString("download_url", $"{root}/tasks/{task.Id}/results");
        if (task.Error is not null)
            writer.WriteString("error", task.Error);
        if (task.ErrorType is not null)
            writer.WriteString("error_type", task.ErrorType);
    }

    /// <summary>Formats a time as the API does: UTC, with milliseconds.</summary>
    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void WriteEcho(Utf8JsonWriter writer, TaskRow task)
    {
        writer.WritePropertyName("input");
        writer.WriteRawValue(task.Faults.Echo == "none" ? "{}" : task.Input, skipInputValidation: true);
        if (task.Faults.Echo is not null)
            return;
        // Joins two JSON objects as text: the input always has a url, so a comma may follow it.
        var delivery = task.Delivery.ToEcho();
        writer.WritePropertyName("_query");
        writer.WriteRawValue(
            delivery == "{}" ? task.Input : $"{task.Input.AsSpan(..^1)},{delivery.AsSpan(1..)}",
            skipInputValidation: true);
    }
}
