using System.Buffers;
using System.Text.Json;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work.Delivery;

/// <summary>
/// Writes the body of a webhook: the task without its result, in one of the forms that the API is known to send.
/// </summary>
internal static class WebhookBody
{
    private static readonly string[] Forms = ["status_task", "task", "bare"];

    public static ReadOnlyMemory<byte> Write(TaskRow task, string root)
    {
        var state = task.Faults.WebhookState ?? TaskStateNames.Name(task, running: false, inBatch: false);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Replies.Json))
        {
            writer.WriteStartObject();
            WriteMembers(writer, task, FormOf(task), state, root);
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static string FormOf(TaskRow task) => task.Faults.WebhookForm switch
    {
        null => "status_task",
        "mixed" => Forms[task.Faults.Draw % (ulong)Forms.Length],
        var form => form,
    };

    private static void WriteMembers(Utf8JsonWriter writer, TaskRow task, string form, string state, string root)
    {
        if (form == "bare")
        {
            TaskJson.WriteMembers(writer, task, state, root);
            writer.WriteString("callback_url", task.Delivery.CallbackUrl);
            return;
        }
        if (form == "status_task")
            writer.WriteString("status", task.State == TaskState.Success ? "success" : "failed");
        writer.WritePropertyName("task");
        TaskJson.Write(writer, task, state, root);
    }
}
