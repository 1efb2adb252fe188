using Pipeline.Model;

namespace Pipeline.Stores.Local.Records;

/// <summary>
/// Binds a state to its output folder. A state belongs to exactly one folder and knows every byte in it. A renamed or
/// moved folder stays bound.
/// </summary>
internal sealed class FolderClaim(SqlSession session, string database)
{
    /// <summary>The folder's last known path; null for a new state.</summary>
    public string? Folder { get; } = (string?)session.Scalar("SELECT value FROM setting WHERE name='out'");

    /// <summary>The path of a folder as the state has it.</summary>
    public static string PathOf(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>Binds the state to a folder.</summary>
    public void Take(string folder) =>
        session.Execute(
            "INSERT INTO setting(name, value) VALUES('out', $1) ON CONFLICT DO UPDATE SET value=$1", folder);

    /// <summary>Refuses an existing file that the state does not know.</summary>
    public void RequireUnused(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > 0 })
            throw Refused(
                $"'{path}' already exists, but the state '{database}' does not know it. "
                + "Move it away, use another output folder, or use the state that belongs to it.");
    }

    /// <summary>
    /// Checks that a path is the state's folder: its last known path, or where it was renamed, moved or copied to, with
    /// or without the state in it. Changes nothing.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: the path is another folder.</exception>
    public void Require(string folder, NdjsonFile records)
    {
        if (folder != Folder && !IsWithin(folder) && !HasMovedTo(records))
            throw Refused(
                $"The state '{database}' belongs to the output folder '{Folder}', not to '{folder}'. "
                + "Use that folder, or another state folder.");
    }

    /// <summary>Binds the state to the new path of its folder.</summary>
    /// <exception cref="PipelineException">Permanent: the path is another folder.</exception>
    public void Move(string folder, NdjsonFile records)
    {
        Require(folder, records);
        Take(folder);
        MovedFolder.Rename(session, "manifest", "json", Folder!, folder);
        session.Execute(
            "UPDATE sink_file SET state=$1 WHERE name='manifest.json' AND length>0", (int)FileCondition.Rewriting);
        // Messages of waiting lists contain the lists' old addresses, which are next to the state.
        if (IsWithin(folder))
            MovedFolder.Rename(session, "message", "body", Folder!, folder);
    }

    private bool IsWithin(string folder)
    {
        var relative = Path.GetRelativePath(folder, database);
        return !Path.IsPathRooted(relative) && !relative.StartsWith("..", StringComparison.Ordinal);
    }

    private bool HasMovedTo(NdjsonFile records) =>
        !File.Exists(Path.Combine(Folder!, Path.GetFileName(records.Path))) && !records.IsShort(session);

    private static PipelineException Refused(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
