using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Hosting;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Keeping;

namespace Pipeline.Cli.Keeping;

/// <summary><c>pipeline restore</c>: brings a backup back, or says that all is well after one.</summary>
internal static class RestoreCommand
{
    private static readonly Option<string?> From = new("--from")
    {
        Description = "The backup: a file, or its address in a bucket.", HelpName = "FILE",
    };

    private static readonly Option<bool> Replace = new("--replace")
    {
        Description = "Replace a state that is there.",
    };

    private static readonly Option<bool> Done = new("--done")
    {
        Description = "Post from now on without looking for batches that were posted after the backup.",
    };

    public static Command Create()
    {
        var command = new Command("restore", "Bring a backup back to --state, whose processes must be stopped.")
        {
            From, Replace, Done, RunOptions.Out, RunOptions.State,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Done) == (result.GetValue(From) is not null))
                result.AddError("Name the backup with --from FILE, or say --done after a restore.");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var settings = SettingsReader.Read(parsed);
            return parsed.GetValue(Done)
                ? EndAsync(settings, cancellationToken)
                : RestoreAsync(settings, parsed.GetValue(From)!, parsed.GetValue(Replace), cancellationToken);
        });
        return command;
    }

    private static async Task<int> EndAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        await stores.Services.GetRequiredService<IRestoreLedger>().ForgetRestoreAsync(cancellationToken);
        await Console.Out.WriteProseAsync(
            "Submissions are posted without a look at Nimble from now on. What is being looked for now goes on first.");
        return ExitCodes.Complete;
    }

    private static async Task<int> RestoreAsync(
        RunSettings settings, string from, bool replace, CancellationToken cancellationToken)
    {
        BackupCommand.RequireFolder(settings);
        if (!replace && File.Exists(Path.Combine(settings.State, LocalDatabase.FileName)))
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"There is a state in {settings.State}. Add --replace to replace it, or name another --state.");
        Folders.Prepare(settings, withOut: true);
        await using var backup = await OpenAsync(settings, from, cancellationToken);
        var restore = new LocalRestore(
            settings.State, Path.TrimEndingDirectorySeparator(settings.Out), TimeProvider.System);
        var (note, records) = await restore.RunAsync(backup, cancellationToken);
        await Console.Out.WriteProseAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Restored the backup of {note.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: "
                + $"{Amount.Of(note.Lists, "list")}, {Amount.Of(note.Inputs, "input")}; "
                + $"{Amount.Of(records, "record")} in {settings.Out}."));
        if (restore.Damaged is { } damaged)
            await Console.Out.WriteProseAsync(
                $"The state that was there is damaged; it is now {damaged}. Lists that were erased after the backup "
                    + "are back: erase them again.");
        await Console.Out.WriteProseAsync(
            "What it says is not posted may have been posted since. The next 'pipeline serve' or 'run' looks for it at "
                + "Nimble before it posts anything. Send lists of that time again: they are looked for too. See: "
                + Shell.Command(settings, "status"));
        return ExitCodes.Complete;
    }

    private static async Task<Stream> OpenAsync(
        RunSettings settings, string from, CancellationToken cancellationToken)
    {
        if (!from.Contains("://", StringComparison.Ordinal))
            return File.Exists(from)
                ? File.OpenRead(from)
                : throw PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration, $"There is no file {Path.GetFullPath(from)}.");
        await using var services = new ServiceCollection().AddLogging()
            .AddSingleton(TimeProvider.System).AddCloudObjects(settings.Stores).BuildServiceProvider();
        var stores = new ObjectStores(services.GetServices<Ports.IObjectStore>());
        await using var read = await stores.OpenAsync(ObjectUri.Parse(from), cancellationToken)
            ?? throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"There is no backup at {from}.");
        var file = PrivateFiles.CreateTemporary(Folders.Spill(settings));
        await read.Body.CopyToAsync(file, cancellationToken);
        file.Position = 0;
        return file;
    }
}
