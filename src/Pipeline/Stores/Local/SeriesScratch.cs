using System.Data.Common;
using Pipeline.Model.Series;

namespace Pipeline.Stores.Local;

/// <summary>
/// The entries of one series while a list is compared with them, in a temporary database. SQLite keeps a small one in
/// memory and a large one in a file without a name, which disappears with the process.
/// </summary>
internal sealed class SeriesScratch : IDisposable
{
    private const string Where = "the folder of temporary files";

    // An empty path is a temporary database.
    private readonly SqlSession _session = Run(() => new SqlSession("", create: true));
    private bool _isWritten;

    public SeriesScratch() =>
        _session.Script(
            """
            PRAGMA journal_mode=OFF; PRAGMA cache_size=-8192;
            CREATE TABLE entry(
                key TEXT PRIMARY KEY, content TEXT NOT NULL, text TEXT, status INTEGER, record_id TEXT NOT NULL,
                list_id TEXT NOT NULL, run_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, version TEXT NOT NULL)
                WITHOUT ROWID;
            BEGIN;
            """);

    /// <summary>Adds an entry. All entries are added before the first is looked up.</summary>
    public void Add(SeriesEntry e) => Run(() =>
        _session.Execute(
            "INSERT INTO entry VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            e.Key, e.Outcome.ContentDigest, e.Outcome.TextDigest, e.Outcome.HttpStatus, e.RecordId, e.ListId,
            e.RunAt.UtcTicks, e.RecordedAt.UtcTicks, e.Version));

    /// <summary>Returns an entry; null if there is none.</summary>
    public SeriesEntry? Find(string key) => Run(() =>
    {
        if (!_isWritten)
            _session.Script("COMMIT");
        _isWritten = true;
        using var row = _session.Query(
            "SELECT content, text, status, record_id, list_id, run_at, recorded_at, version FROM entry WHERE key=$1",
            key);
        return !row.Read() ? null : new SeriesEntry
        {
            Key = key,
            Outcome = new(
                row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1), row.IsDBNull(2) ? null : row.GetInt32(2)),
            RecordId = row.GetString(3),
            ListId = row.GetString(4),
            RunAt = new(row.GetInt64(5), TimeSpan.Zero),
            RecordedAt = new(row.GetInt64(6), TimeSpan.Zero),
            Version = row.GetString(7),
        };
    });

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static T Run<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (DbException error)
        {
            throw LocalErrors.Translate(error, Where);
        }
    }
}
