using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.Keeping;

namespace Pipeline.Cli.Stores;

/// <summary>
/// Where queues, ledger and lists are: in a folder of this machine, or in a storage account. <see cref="Of"/> is the
/// only place that chooses between the two; all that differs is a member here.
/// </summary>
internal abstract class WorkStore
{
    /// <summary>
    /// The store that a command was asked for: the account that AzureWebJobsStorage names, else the state folder.
    /// </summary>
    public static WorkStore Of(RunSettings settings) =>
        settings.Azure is { } account ? new AccountWorkStore(settings, account) : new FolderWorkStore(settings);

    /// <summary>Its name, for people.</summary>
    public abstract string Name { get; }

    /// <summary>Whether it holds the lists of others too.</summary>
    public abstract bool IsShared { get; }

    /// <summary>Where lists are kept for Intake. A message may point here and to the lists of schedules only.</summary>
    public abstract ObjectUri ListFolder { get; }

    /// <summary>Where the lists of schedules are kept. A list stays there when its schedule is removed.</summary>
    public abstract ObjectUri ScheduleFolder { get; }

    /// <summary>How often the host on this machine looks, unless the user sets it.</summary>
    public abstract QueueHostOptions RunnerDefaults { get; }

    /// <summary>Whether a run was here before.</summary>
    public abstract bool Exists { get; }

    /// <summary>Checks that a run was here before; for commands about what it has left.</summary>
    /// <exception cref="PipelineException">Permanent: there is no state.</exception>
    public abstract void RequireExisting();

    /// <summary>Makes the folders that <c>submit</c> needs.</summary>
    public abstract void PrepareToSubmit();

    /// <summary>Makes the folders that <c>serve</c> needs.</summary>
    public abstract void PrepareToServe();

    /// <summary>Opens it for a command that hosts no stages.</summary>
    public abstract Task<OpenWorkStore> OpenAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Opens it for an erasure, which changes the output folder too: checks and repairs that folder as a run does.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: it is another state's folder, or records are missing.</exception>
    public abstract Task<OpenWorkStore> OpenForErasureAsync(CancellationToken cancellationToken);

    /// <summary>Opens it for the stages.</summary>
    public abstract Task<OpenWorkStore> OpenForHostAsync(CancellationToken cancellationToken);

    /// <summary>Folder for copies of backups that come from or go to a bucket.</summary>
    public abstract string TemporaryFolder { get; }

    /// <summary>What to keep besides a backup, for people.</summary>
    public abstract string NotInBackup { get; }

    /// <summary>Writes a backup, also while others work.</summary>
    /// <param name="to">A file that can be written and sought.</param>
    /// <param name="cancellationToken">Stops the backup.</param>
    public abstract Task<BackupNote> BackUpAsync(Stream to, CancellationToken cancellationToken);

    /// <summary>Restores a backup.</summary>
    /// <param name="open">Opens the backup, which can be sought.</param>
    /// <param name="choice">What the user allows.</param>
    /// <param name="cancellationToken">Stops the restore.</param>
    /// <returns>What was restored, and what the user should know about it, each a paragraph.</returns>
    /// <exception cref="PipelineException">Permanent: the backup or the store does not allow it.</exception>
    public abstract Task<IReadOnlyList<string>> RestoreAsync(
        Func<CancellationToken, Task<Stream>> open, RestoreChoice choice, CancellationToken cancellationToken);

    /// <summary>
    /// What keeps a process on this store from going on, as far as it can be seen from here; null where nothing does.
    /// </summary>
    public abstract string? FindProblem();

    /// <summary>Asks whether the store can be used, without writing anything.</summary>
    /// <returns>The answer in one sentence.</returns>
    /// <exception cref="PipelineException">It cannot.</exception>
    public abstract Task<string> AskAsync(CancellationToken cancellationToken);
}
