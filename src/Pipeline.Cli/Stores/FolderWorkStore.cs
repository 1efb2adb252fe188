using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Hosting;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.Keeping;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Keeping;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Cli.Stores;

/// <summary>SQLite and files in the state folder of this machine.</summary>
internal sealed class FolderWorkStore(RunSettings settings) : WorkStore
{
    /// <inheritdoc/>
    public override string Name => settings.State;

    /// <inheritdoc/>
    public override bool IsShared => false;

    /// <inheritdoc/>
    public override ObjectUri ListFolder =>
        ObjectUri.ForFile(Path.Combine(settings.State, Folders.ListsFolder)).AsPrefix();

    /// <inheritdoc/>
    public override ObjectUri ScheduleFolder =>
        ObjectUri.ForFile(Path.Combine(settings.State, "schedules")).AsPrefix();

    /// <inheritdoc/>
    public override QueueHostOptions RunnerDefaults => new();

    /// <inheritdoc/>
    public override bool Exists => File.Exists(Path.Combine(settings.State, LocalDatabase.FileName));

    /// <inheritdoc/>
    public override void RequireExisting()
    {
        if (!Exists)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                IsClosedToThisUser(settings.State)
                    ? $"This user may not read {settings.State}. Run the command as the user who owns it, or give this "
                        + "one permission."
                    : $"There is no state in {settings.State}. Name the --out (and --state) of the run you mean, or "
                        + "set AzureWebJobsStorage to the storage account.");
    }

    // A file in a folder that may not be entered seems to be missing.
    private static bool IsClosedToThisUser(string folder)
    {
        try
        {
            _ = Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <inheritdoc/>
    public override void PrepareToSubmit() => Folders.Prepare(settings, withOut: false);

    /// <inheritdoc/>
    public override void PrepareToServe() => Folders.Prepare(settings, withOut: true);

    /// <inheritdoc/>
    public override Task<OpenWorkStore> OpenAsync(CancellationToken cancellationToken) =>
        OpenAsync((database, _) => Task.FromResult(WithoutSink(database)), cancellationToken);

    /// <inheritdoc/>
    public override Task<OpenWorkStore> OpenForErasureAsync(CancellationToken cancellationToken) =>
        OpenAsync(
            async (database, log) =>
            {
                await NdjsonRecordStore.CheckAsync(database, settings.Out, log, cancellationToken);
                return WithoutSink(database);
            },
            cancellationToken);

    /// <inheritdoc/>
    public override Task<OpenWorkStore> OpenForHostAsync(CancellationToken cancellationToken) =>
        OpenAsync(
            async (database, log) =>
            {
                var sink = await NdjsonRecordStore.OpenAsync(database, settings.Out, log, cancellationToken);
                return new(
                    services => services.AddLocalStores(database, sink),
                    (_, ids, token) => sink.AgreesAsync(ids, token),
                    database);
            },
            cancellationToken);

    private async Task<OpenWorkStore> OpenAsync(
        Func<LocalDatabase, ILogger<NdjsonRecordStore>, Task<OpenWorkStore>> open, CancellationToken cancellationToken)
    {
        var database = await LocalDatabase.OpenAsync(settings.State, cancellationToken);
        try
        {
            using var logs = LoggerFactory.Create(logging => HostLog.Configure(logging, settings));
            return await open(database, logs.CreateLogger<NdjsonRecordStore>());
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    private OpenWorkStore WithoutSink(LocalDatabase database) =>
        new(
            services => services.AddLocalStores(database, settings.IsOutNamed ? settings.Out : null),
            (_, _, _) => throw new InvalidOperationException("The records were not opened."),
            database);

    /// <inheritdoc/>
    public override string TemporaryFolder => Folders.Spill(settings);

    /// <inheritdoc/>
    public override string NotInBackup =>
        "It holds the callback key. The records are not in it: copy the output folder too.";

    /// <inheritdoc/>
    public override Task<BackupNote> BackUpAsync(Stream to, CancellationToken cancellationToken) =>
        LocalBackup.WriteAsync(settings.State, to, TimeProvider.System, cancellationToken);

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<string>> RestoreAsync(
        Func<CancellationToken, Task<Stream>> open, RestoreChoice choice, CancellationToken cancellationToken)
    {
        if (choice.Force)
            throw BackupArchive.Refuse(
                "--force is for a storage account. Stop the 'pipeline' processes on the folder instead.");
        if (!choice.Replace && Exists)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"There is a state in {settings.State}. Add --replace to replace it, or name another --state.");
        Folders.Prepare(settings, withOut: true);
        await using var backup = await open(cancellationToken);
        var restore = new LocalRestore(
            settings.State, Path.TrimEndingDirectorySeparator(settings.Out), TimeProvider.System);
        var (note, records) = await restore.RunAsync(backup, cancellationToken);
        var restored = string.Create(
            CultureInfo.InvariantCulture,
            $"Restored the backup of {note.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: "
                + $"{Amount.Of(note.Lists, "list")}, {Amount.Of(note.Inputs, "input")}; "
                + $"{Amount.Of(records, "record")} in {settings.Out}.");
        return restore.Damaged is not { } damaged ? [restored] :
        [
            restored,
            $"The state that was there is damaged; it is now {damaged}. Lists that were erased after the backup "
                + "are back: erase them again.",
        ];
    }

    /// <inheritdoc/>
    public override string? FindProblem() => HealthNote.Read(settings.State) ?? FindFullDisk();

    /// <inheritdoc/>
    public override Task<string> AskAsync(CancellationToken cancellationToken) =>
        Task.FromResult("no storage account is set; this machine keeps the state");

    private string? FindFullDisk() =>
        new[] { settings.State, settings.Out }
            .FirstOrDefault(folder => !DiskFaults.HasRoom(folder, DiskFaults.WorkingBytes)) is { } full
            ? LocalErrors.DiskFull(full, inner: null).Message
            : null;
}
