using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Stores;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Keeping;

namespace Pipeline.Cli.Keeping;

/// <summary><c>pipeline backup</c>: copies the state of one machine, also while others work on it.</summary>
internal static class BackupCommand
{
    private static readonly Option<string> To = new("--to")
    {
        Description = "File to write, or its address in a bucket: s3://bucket/name or gs://bucket/name.",
        HelpName = "FILE",
        Required = true,
    };

    public static Command Create()
    {
        var command = new Command("backup", "Copy the ledger, queues and waiting lists of --state to a file.") { To };
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction(
            (parsed, cancellationToken) =>
                WriteAsync(SettingsReader.Read(parsed), parsed.GetValue(To)!, cancellationToken));
        return command;
    }

    /// <summary>Refuses a storage account, whose tables this command does not copy.</summary>
    public static void RequireFolder(RunSettings settings)
    {
        if (settings.WorkStore.IsShared)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "Backups are of a state folder, and AzureWebJobsStorage names a storage account. Unset it, or see "
                    + "docs/keep.md for what keeps an account safe.");
    }

    private static async Task<int> WriteAsync(RunSettings settings, string to, CancellationToken cancellationToken)
    {
        RequireFolder(settings);
        settings.WorkStore.RequireExisting();
        var note = to.Contains("://", StringComparison.Ordinal)
            ? await UploadAsync(settings, ObjectUri.Parse(to), cancellationToken)
            : await SaveAsync(settings, Path.GetFullPath(to), cancellationToken);
        await Console.Out.WriteProseAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Backup of {note.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: {Amount.Of(note.Lists, "list")}, "
                + $"{Amount.Of(note.Submissions, "submission")}, {Amount.Of(note.Inputs, "input")}."));
        await Console.Out.WriteProseAsync(
            "It holds the callback key. The records are not in it: copy the output folder too.");
        return ExitCodes.Complete;
    }

    private static async Task<BackupNote> SaveAsync(
        RunSettings settings, string path, CancellationToken cancellationToken)
    {
        using var file = new AtomicFile(path);
        PrivateFiles.Restrict(file.Stream.Name);
        var note = await LocalBackup.WriteAsync(settings.State, file.Stream, TimeProvider.System, cancellationToken);
        file.Commit();
        return note;
    }

    private static async Task<BackupNote> UploadAsync(
        RunSettings settings, ObjectUri to, CancellationToken cancellationToken)
    {
        await using var file = PrivateFiles.CreateTemporary(Folders.Spill(settings));
        var note = await LocalBackup.WriteAsync(settings.State, file, TimeProvider.System, cancellationToken);
        file.Position = 0;
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        await stores.Services.GetRequiredService<ObjectStores>().WriteAsync(to, file, cancellationToken);
        return note;
    }
}
