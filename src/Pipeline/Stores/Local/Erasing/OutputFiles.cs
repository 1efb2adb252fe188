using Pipeline.Model;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Stores.Local.Erasing;

/// <summary>The files of the output folder that are rewritten from the state after an erasure.</summary>
internal static class OutputFiles
{
    public const string Failures = "failures.ndjson";

    public const string Manifest = "manifest.json";

    /// <summary>The output folder; null if nothing was ever written.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: records were written to the folder, and it is missing.
    /// </exception>
    public static string? Folder(SqlSession session)
    {
        if ((string?)session.Scalar("SELECT value FROM setting WHERE name='out'") is not { } folder)
            return null;
        if (Directory.Exists(folder))
            return folder;
        return session.Scalar("SELECT 1 FROM sink_file WHERE name=$1 AND length>0", NdjsonRecordStore.RecordsFile)
            is null
            ? null
            : throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"The output folder '{folder}' is missing, but records were written there. Put it back, or name the "
                    + "folder that it was renamed to with --out.");
    }

    /// <summary>Marks a file for rewriting.</summary>
    public static void Mark(SqlSession session, string name) =>
        session.Execute("UPDATE sink_file SET state=$2 WHERE name=$1", name, (int)FileCondition.Rewriting);

    /// <summary>Marks what is outdated, in a transaction before <see cref="Repair"/>.</summary>
    public static void Prepare(SqlSession session)
    {
        if (Folder(session) is { } folder)
            new FailuresFile(Path.Combine(folder, Failures)).PrepareRewrite(session);
    }

    /// <summary>Rewrites the marked files.</summary>
    public static void Repair(SqlSession session)
    {
        if (Folder(session) is not { } folder)
            return;
        new FailuresFile(Path.Combine(folder, Failures)).Repair(session);
        new ManifestFile(Path.Combine(folder, Manifest)).Repair(session);
    }
}
