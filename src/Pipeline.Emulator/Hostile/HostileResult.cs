using System.Text;
using System.Text.Json;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work;

namespace Pipeline.Emulator.Hostile;

/// <summary>What is hostile about the result of a task, as it was settled with the task.</summary>
internal static class HostileResult
{
    /// <summary>Objects that other tasks have left under the submission's prefix, as it seems.</summary>
    private const int ForeignObjects = 20;

    /// <summary>The document, spoilt where that is what was settled.</summary>
    public static Stream Spoil(Stream honest, TaskRow task)
    {
        if (task.Faults.HostileResult is not { } kind || !HostileJson.Kinds.Contains(kind))
            return honest;
        using var held = new MemoryStream();
        using (honest)
            honest.CopyTo(held);
        var spoilt = OwnerOnlyFiles.CreateTemporary();
        string[] secrets = task.Delivery.CallbackUrl is { } url ? [url] : [];
        foreach (var piece in HostileJson.Spoil(held.GetBuffer().AsMemory(0, (int)held.Length), kind, secrets, task.Faults.Draw))
            spoilt.Write(piece.Span);
        spoilt.Position = 0;
        return spoilt;
    }

    /// <summary>Addresses and documents of tasks that nobody knows, beside a task's own object and with its URL.</summary>
    public static IEnumerable<(DeliveryAddress Address, byte[] Document)> Foreign(TaskRow task, DeliveryAddress own)
    {
        if (task.Faults.HostileResult is not "foreign")
            yield break;
        var url = JsonEncodedText.Encode(TaskInput.Of(task).Url);
        for (var i = 0; i < ForeignObjects; i++)
        {
            var id = TaskIdForms.New();
            var document = $"{{\"url\":\"{url}\",\"task_id\":\"{id}\",\"status\":\"success\",\"data\":{{\"html\":\"foreign\"}},\"status_code\":200}}";
            yield return (own with { Key = $"{own.Key[..(own.Key.LastIndexOf('/') + 1)]}{id}.json" }, Encoding.UTF8.GetBytes(document));
        }
    }
}
