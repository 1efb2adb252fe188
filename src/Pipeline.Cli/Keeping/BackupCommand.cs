using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Diagnostics;
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

    private static readonly Option<bool> Replace = new("--replace")
    {
        Description = "Replace a file or object that is there. Default: refuse.",
    };

    public static Command Create()
    {
        var command = new Command("backup", "Copy the state, or a storage account's ledger, to a file.")
        {
            To, Replace,
        };
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction(
            (parsed, cancellationToken) =>
                WriteAsync(
                    SettingsReader.Read(parsed), parsed.GetValue(To)!, parsed.GetValue(Replace), cancellationToken));
        return command;
    }

    private static async Task<int> WriteAsync(
        RunSettings settings, string to, bool replace, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        var note = to.Contains("://", StringComparison.Ordinal)
            ? await UploadAsync(settings, ObjectUri.Parse(to), replace, cancellationToken)
            : await SaveAsync(settings, Path.GetFullPath(to), replace, cancellationToken);
        await Console.Out.WriteProseAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Backup of {settings.WorkStore.Name}, {note.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: "
                + $"{Amount.Of(note.Lists, "list")}, "
                + $"{Amount.Of(note.Submissions, "submission")}, {Amount.Of(note.Inputs, "input")}."));
        await Console.Out.WriteProseAsync(settings.WorkStore.NotInBackup);
        return ExitCodes.Complete;
    }

    private static async Task<BackupNote> SaveAsync(
        RunSettings settings, string path, bool replace, CancellationToken cancellationToken)
    {
        if (!replace && File.Exists(path))
            throw IsThere(path);
        AtomicFile.RemoveUnusedBeside(path);
        using var file = OutputFile.Create(To.Name, path);
        PrivateFiles.Restrict(file.Stream.Name);
        var note = await settings.WorkStore.BackUpAsync(file.Stream, cancellationToken);
        CrashPoint.Pass("backup.before-commit");
        file.Commit();
        return note;
    }

    private static async Task<BackupNote> UploadAsync(
        RunSettings settings, ObjectUri to, bool replace, CancellationToken cancellationToken)
    {
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var objects = stores.Services.GetRequiredService<ObjectStores>();
        if (!replace)
            await RequireFreeAsync(objects, to, cancellationToken);
        await using var file = PrivateFiles.CreateTemporary(settings.WorkStore.TemporaryFolder);
        var note = await settings.WorkStore.BackUpAsync(file, cancellationToken);
        file.Position = 0;
        await objects.WriteAsync(to, file, cancellationToken);
        return note;
    }

    private static async Task RequireFreeAsync(ObjectStores objects, ObjectUri to, CancellationToken cancellationToken)
    {
        await using var there = await objects.OpenAsync(to, cancellationToken);
        if (there is not null)
            throw IsThere(to.ToString());
    }

    /// <summary>What is there may be the only good backup, and that of now one of an empty state.</summary>
    private static PipelineException IsThere(string to) => PipelineException.Permanent(
        FailureReasons.InvalidConfiguration,
        $"There is a file {to}. Name another, such as one with the date, or add {Replace.Name} to replace it.");
}
