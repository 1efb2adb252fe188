using System.Text;
using System.Text.Json;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work;
using Pipeline.Emulator.Work.Delivery;

namespace Pipeline.Emulator.Hostile;

/// <summary>Makes the result of a task hostile, if that was drawn when the task was created.</summary>
internal static class HostileResult
{
    /// <summary>The number of objects under the submission's prefix that seem to come from other tasks.</summary>
    private const int ForeignObjects = 20;

    /// <summary>Returns the task's document, spoilt if that was drawn.</summary>
    public static Stream Spoil(Stream honest, TaskRow task)
    {
        if (task.Faults.HostileResult is not { } kind || !HostileJson.Kinds.Contains(kind))
            return honest;
        using var buffer = new MemoryStream();
        using (honest)
            honest.CopyTo(buffer);
        var spoilt = PrivateFiles.CreateTemporary(Path.GetTempPath(), bufferBytes: 1 << 16);
        string[] secrets = task.Delivery.CallbackUrl is { } url ? [url] : [];
        var document = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        foreach (var piece in HostileJson.Spoil(document, kind, secrets, task.Faults.Draw))
            spoilt.Write(piece.Span);
        spoilt.Position = 0;
        return spoilt;
    }

    /// <summary>Makes objects of unknown tasks with the same URL, to be put beside the task's own object.</summary>
    public static IEnumerable<(DeliveryAddress Address, byte[] Document)> Foreign(TaskRow task, DeliveryAddress own)
    {
        if (task.Faults.HostileResult is not "foreign")
            yield break;
        var url = JsonEncodedText.Encode(TaskInput.Of(task).Url);
        for (var i = 0; i < ForeignObjects; i++)
        {
            var id = TaskIdForms.New();
            var document =
                $"{{\"url\":\"{url}\",\"task_id\":\"{id}\",\"status\":\"success\","
                    + $"\"data\":{{\"html\":\"foreign\"}},\"status_code\":200}}";
            yield return (
                own with { Key = $"{own.Key[..(own.Key.LastIndexOf('/') + 1)]}{id}.json" },
                Encoding.UTF8.GetBytes(document));
        }
    }
}
