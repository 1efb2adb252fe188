using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Stores;
using Pipeline.Stores.Keeping;
using Pipeline.Stores.Local;

namespace Pipeline.Cli.Keeping;

/// <summary>
/// <c>pipeline backup</c>: copies the state of one machine or the ledger of an account, also while others work.
/// </summary>
internal static class BackupCommand
{
    private static readonly Option<string> To = new("--to")
    {
        Description = "File to write, or its address: s3://bucket/name, gs://bucket/name, or azblob://container/name "
            + "in the storage account.",
        HelpName = "FILE",
        Required = true,
    };

    public static Command Create()
    {
        var command = new Command("backup", "Copy the state, or a storage account's ledger, to a file.") { To };
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction(
            (parsed, cancellationToken) =>
                WriteAsync(SettingsReader.Read(parsed), parsed.GetValue(To)!, cancellationToken));
        return command;
    }

    private static async Task<int> WriteAsync(RunSettings settings, string to, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        var note = to.Contains("://", StringComparison.Ordinal)
            ? await UploadAsync(settings, ObjectUri.Parse(to), cancellationToken)
            : await SaveAsync(settings, Path.GetFullPath(to), cancellationToken);
        await Console.Out.WriteProseAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Backup of {note.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: {Amount.Of(note.Lists, "list")}, "
                + $"{Amount.Of(note.Submissions, "submission")}, {Amount.Of(note.Inputs, "input")}."));
        await Console.Out.WriteProseAsync(settings.WorkStore.NotInBackup);
        return ExitCodes.Complete;
    }

    private static async Task<BackupNote> SaveAsync(
        RunSettings settings, string path, CancellationToken cancellationToken)
    {
        using var file = new AtomicFile(path);
        PrivateFiles.Restrict(file.Stream.Name);
        var note = await settings.WorkStore.BackUpAsync(file.Stream, cancellationToken);
        file.Commit();
        return note;
    }

    private static async Task<BackupNote> UploadAsync(
        RunSettings settings, ObjectUri to, CancellationToken cancellationToken)
    {
        await using var file = PrivateFiles.CreateTemporary(settings.WorkStore.TemporaryFolder);
        var note = await settings.WorkStore.BackUpAsync(file, cancellationToken);
        file.Position = 0;
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        await stores.Services.GetRequiredService<ObjectStores>().WriteAsync(to, file, cancellationToken);
        return note;
    }
}
