using System.IO.Compression;
using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Stores.Keeping;

/// <summary>Shared by the backups of all stores: a zip archive with a note that describes the other files.</summary>
internal static class BackupArchive
{
    /// <summary>Name of the note in the backup.</summary>
    public const string NoteName = "backup.json";

    /// <summary>Reads the note.</summary>
    /// <param name="zip">The backup.</param>
    /// <param name="store">The expected <see cref="BackupNote.Store"/>.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <exception cref="PipelineException">
    /// Permanent: it was written by a newer version, or is of another store.
    /// </exception>
    /// <exception cref="InvalidDataException">The file is not a backup, or is damaged.</exception>
    public static async Task<BackupNote> ReadNoteAsync(
        ZipArchive zip, string store, CancellationToken cancellationToken)
    {
        var entry = zip.GetEntry(NoteName) ?? throw new InvalidDataException("it has no backup.json.");
        await using var json = await entry.OpenAsync(cancellationToken);
        using var document = await JsonDocument.ParseAsync(json, cancellationToken: cancellationToken);
        // Check this before the other members, because a newer version may have different ones.
        if (BackupNote.IsNewer(document.RootElement))
            throw Newer();
        var note = document.Deserialize(BackupJson.Default.BackupNote);
        if (note is not { Schema: BackupNote.Format })
            throw new InvalidDataException($"its format is '{note?.Schema}', not '{BackupNote.Format}'.");
        if (note is not { State: not null, Files: not null }
            || !note.Files.All(file => file is { Name: not null, Sha256: not null }))
            throw new InvalidDataException("its backup.json does not say what it holds.");
        return note.Store == store ? note : throw OfAnotherStore(note);
    }

    /// <summary>Writes the note as the last file of the backup.</summary>
    public static async Task WriteNoteAsync(ZipArchive zip, BackupNote note, CancellationToken cancellationToken)
    {
        await using var entry = await zip.CreateEntry(NoteName).OpenAsync(cancellationToken);
        await JsonSerializer.SerializeAsync(entry, note, BackupJson.Default.BackupNote, cancellationToken);
    }

    /// <summary>The error of a backup that a newer version wrote.</summary>
    public static PipelineException Newer() =>
        Refuse("A newer version of this program wrote the backup. Restore it with that version.");

    /// <summary>The error of a file that is not a backup, or is damaged.</summary>
    public static PipelineException Damaged(Exception error) =>
        Refuse($"The file is not a backup, or it is damaged: {WordsOf(error)} Restore another backup.");

    /// <summary>An error that the user can correct.</summary>
    public static PipelineException Refuse(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);

    // .NET's texts name parts of the zip format, and bytes of JSON.
    private static string WordsOf(Exception error) =>
        error is InvalidDataException && error.Source == typeof(BackupArchive).Assembly.GetName().Name
            ? error.Message
            : "it is not a whole zip archive that 'pipeline backup' wrote.";

    private static PipelineException OfAnotherStore(BackupNote note) => Refuse(
        note.Store == BackupNote.Account
            ? $"The backup is of a storage account ({note.State}). Set AzureWebJobsStorage to the account to restore "
                + "it into."
            : $"The backup is of a state folder ({note.State}). Unset AzureWebJobsStorage to restore it on this "
                + "machine.");
}
