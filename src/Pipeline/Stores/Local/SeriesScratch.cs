using Pipeline.Model.Series;

namespace Pipeline.Stores.Local;

/// <summary>The entries of one series while a list is compared with them, in a temporary database.</summary>
internal sealed class SeriesScratch : IDisposable
{
    private readonly ScratchDatabase _database = new(
        """
        CREATE TABLE entry(
            key TEXT PRIMARY KEY, content TEXT NOT NULL, text TEXT, status INTEGER, record_id TEXT NOT NULL,
            list_id TEXT NOT NULL, run_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, version TEXT NOT NULL)
            WITHOUT ROWID;
        """);

    /// <summary>Adds an entry.</summary>
    public void Add(SeriesEntry e) => _database.Run(session =>
    {
        session.Execute(
            "INSERT INTO entry VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            e.Key, e.Outcome.ContentDigest, e.Outcome.TextDigest, e.Outcome.HttpStatus, e.RecordId, e.ListId,
            e.RunAt.UtcTicks, e.RecordedAt.UtcTicks, e.Version);
    });

    /// <summary>Returns an entry; null if there is none.</summary>
    public SeriesEntry? Find(string key) => _database.Run(session =>
    {
        using var row = session.Query(
            "SELECT content, text, status, record_id, list_id, run_at, recorded_at, version FROM entry WHERE key=$1",
            key);
        return !row.Read() ? null : new SeriesEntry
        {
            Key = key,
            Outcome = new(
                row.GetString(0), row.IsNull(1) ? null : row.GetString(1), row.IsNull(2) ? null : row.GetInt32(2)),
            RecordId = row.GetString(3),
            ListId = row.GetString(4),
            RunAt = new(row.GetInt64(5), TimeSpan.Zero),
            RecordedAt = new(row.GetInt64(6), TimeSpan.Zero),
            Version = row.GetString(7),
        };
    });

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();
}
