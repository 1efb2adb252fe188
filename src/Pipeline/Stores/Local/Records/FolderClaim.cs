using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Stores.Local.Records;

/// <summary>
/// Which output folder a state belongs to: one, and it knows every byte of it. A folder that was renamed or moved stays its own.
/// Used on the writer's thread only.
/// </summary>
internal sealed class FolderClaim(SqlSession session, string database)
{
    /// <summary>The folder as it was last named; null for a new state.</summary>
    public string? Folder { get; } = (string?)session.Scalar("SELECT value FROM setting WHERE name='out'");

    /// <summary>Claims a folder.</summary>
    public void Take(string folder) =>
        session.Execute("INSERT INTO setting(name, value) VALUES('out', $1) ON CONFLICT DO UPDATE SET value=$1", folder);

    /// <summary>Refuses a file that is there although the state knows nothing of it.</summary>
    public void RequireUnused(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > 0 })
            throw Refused(
                $"'{path}' is already there, but the state '{database}' knows nothing of it. "
                + "Move it away, or name another output folder, or the state that goes with it.");
    }

    /// <summary>Follows a folder that was renamed or moved, with or without the state in it.</summary>
    /// <exception cref="PipelineException">Permanent: it is another folder.</exception>
    public void Move(string folder, NdjsonFile records)
    {
        var inside = Within(folder);
        var hasMoved = !File.Exists(Path.Combine(Folder!, Path.GetFileName(records.Path))) && !records.IsShort(session);
        if (inside is null && !hasMoved)
            throw Refused(
                $"The state '{database}' belongs to the output folder '{Folder}', not to '{folder}'. "
                + "Name that folder, or another state folder.");
        Take(folder);
        Replace("UPDATE manifest SET json=CAST(REPLACE(CAST(json AS TEXT), $1, $2) AS BLOB)", Folder!, folder);
        session.Execute("UPDATE sink_file SET state=$1 WHERE name='manifest.json' AND length>0", (int)FileCondition.Rewriting);
        // Lists that wait are named by where they lay, beside the state.
        if (inside is not null)
            Replace("UPDATE message SET body=CAST(REPLACE(CAST(body AS TEXT), $1, $2) AS BLOB)", Folder!, folder);
    }

    private string? Within(string folder)
    {
        var relative = Path.GetRelativePath(folder, database);
        return Path.IsPathRooted(relative) || relative.StartsWith("..", StringComparison.Ordinal) ? null : relative;
    }

    private void Replace(string update, string from, string to) => session.Execute(update, Address(from), Address(to));

    // As it stands within a JSON string.
    private static string Address(string folder) =>
        MinimalJsonEncoder.Instance.Encode(ObjectUri.ForFile(folder).AsPrefix().ToString());

    private static PipelineException Refused(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
