using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Steering;

namespace Pipeline.Cli.Keeping;

/// <summary>Names the places that an erasure does not reach.</summary>
/// <param name="settings">What the command was asked for.</param>
/// <param name="choice">How the list was erased.</param>
/// <param name="folders">The folders of the bucket that held the list's objects.</param>
internal sealed class ErasedElsewhere(RunSettings settings, ErasureChoice choice, IReadOnlyList<string> folders)
{
    /// <summary>Whether the objects in the bucket are deleted.</summary>
    public bool ObjectsGo => choice.WithObjects;

    /// <summary>Whether the results are in the folder of the built-in emulator, not in a bucket.</summary>
    public static bool IsEmulated(RunSettings settings) =>
        settings is { IsEmbedded: true, WorkStore.IsShared: false, StoresAreOutside: false }
        && Directory.Exists(EmbeddedEmulator.FolderOf(settings));

    /// <summary>Names the places, each in a line.</summary>
    /// <param name="unknown">The id of a list of which the ledger knew nothing; null for one that it knew.</param>
    public IEnumerable<string> Describe(string? unknown)
    {
        var emulator = EmbeddedEmulator.FolderOf(settings);
        yield return IsEmulated(settings)
            ? $"the built-in emulator's copies of inputs and results, in {emulator}: delete that folder once no run "
                + "works here"
            : "Nimble's own copies of inputs and results, until Nimble deletes them (up to 7 days)";
        if (InTheBucket(unknown) is { } bucket)
            yield return bucket;
        yield return settings.WorkStore.IsShared
            ? "earlier versions and soft-deleted blobs of the storage account, until its retention ends"
            : "blocks of the disk that the file system has not used again, and its snapshots";
        yield return "backups that were made before, also by 'pipeline backup'; logs and traces, which name ids";
        yield return "what consumers have copied, and lists that you keep: files, schedules, other lists with the "
            + "same URLs";
    }

    private string? InTheBucket(string? unknown) => (unknown, choice.WithObjects, folders.Count) switch
    {
        // The ledger has forgotten the address, but not the user.
        ({ } id, _, _) =>
            $"the list's objects in a bucket, if there are any: they are below {id}/ in the --storage-url of its run, "
                + "which the ledger does not know; delete them there",
        (_, true, _) => "earlier versions of the objects, in a bucket with versioning or soft delete",
        (_, false, > 0) =>
            $"the list's objects in the bucket, which the ledger no longer knows: delete them in "
                + string.Join(", ", folders),
        _ => null,
    };
}
