using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Stores.Keeping;

namespace Pipeline.Tests.Stores.Keeping;

/// <summary>Changes a backup, as damage or another version would.</summary>
internal static class ChangedBackup
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Changes members of the note.</summary>
    public static async Task ChangeNoteAsync(this MemoryStream backup, Action<JsonNode> change)
    {
        JsonNode note;
        using (var zip = new ZipArchive(backup, ZipArchiveMode.Read, leaveOpen: true))
            await using (var old = await zip.GetEntry(BackupArchive.NoteName)!.OpenAsync(Ct))
                note = JsonNode.Parse(old)!;
        change(note);
        await backup.ReplaceAsync(BackupArchive.NoteName, Encoding.UTF8.GetBytes(note.ToJsonString()));
    }

    /// <summary>Replaces a file without changing the note.</summary>
    public static async Task ReplaceAsync(this MemoryStream backup, string name, byte[] content)
    {
        using (var zip = new ZipArchive(backup, ZipArchiveMode.Update, leaveOpen: true))
        {
            zip.GetEntry(name)!.Delete();
            await using var entry = await zip.CreateEntry(name).OpenAsync(Ct);
            await entry.WriteAsync(content, Ct);
        }
        backup.Position = 0;
    }
}
