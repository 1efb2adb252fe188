using Pipeline.Model.Series;

namespace Pipeline.Stores.Local;

/// <summary>The inputs of one run while another is compared with it, in a temporary database.</summary>
internal sealed class RunScratch : IDisposable
{
    private readonly ScratchDatabase _database = new(
        """
        CREATE TABLE input(
            key TEXT PRIMARY KEY, url TEXT NOT NULL, content TEXT, text TEXT, status INTEGER,
            is_left_out INTEGER NOT NULL, is_taken INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE new(
            key TEXT PRIMARY KEY, url TEXT NOT NULL, content TEXT, text TEXT, status INTEGER) WITHOUT ROWID;
        CREATE INDEX new_url ON new(url);
        """);

    /// <summary>
    /// Adds an input. An input with a record replaces one without; of two with a record, the later one stays.
    /// </summary>
    public void Add(string key, string url, SeriesOutcome? outcome, bool isLeftOut) => _database.Run(session =>
    {
        session.Execute(
            "INSERT INTO input(key, url, content, text, status, is_left_out) VALUES($1, $2, $3, $4, $5, $6) "
                + "ON CONFLICT DO UPDATE SET url=excluded.url, content=excluded.content, text=excluded.text, "
                + "status=excluded.status, is_left_out=0 WHERE excluded.content IS NOT NULL",
            key, url, outcome?.ContentDigest, outcome?.TextDigest, outcome?.HttpStatus, isLeftOut);
    });

    /// <summary>Returns all inputs, each once, in the order in which they were first added.</summary>
    public IEnumerable<(string Key, string Url, SeriesOutcome? Outcome)> All()
    {
        using var rows = _database.Run(session =>
            session.Query("SELECT key, url, content, text, status FROM input ORDER BY rowid"));
        while (_database.Run(_ => rows.Read()))
            yield return (rows.GetString(0), rows.GetString(1), ReadOutcome(rows, 2));
    }

    /// <summary>Removes an input and returns it; null if there is none.</summary>
    public Known? Take(string key) => _database.Run(session =>
    {
        if (session.Execute("UPDATE input SET is_taken=1 WHERE key=$1", key) == 0)
            return null;
        using var row = session.Query("SELECT content, text, status, is_left_out FROM input WHERE key=$1", key);
        row.Read();
        return new Known(ReadOutcome(row, 0), row.GetBoolean(3));
    });

    /// <summary>
    /// Returns the inputs that were not removed, ordered by URL: each URL with its record, if it has one.
    /// </summary>
    public IEnumerable<(string Url, SeriesOutcome? Outcome)> Left()
    {
        using var rows = _database.Run(session =>
            session.Query("SELECT url, content, text, status FROM input WHERE is_taken=0 ORDER BY url, key"));
        while (_database.Run(_ => rows.Read()))
            yield return (rows.GetString(0), ReadOutcome(rows, 1));
    }

    /// <summary>Adds an input that only the other run has.</summary>
    public void AddNew(string key, string url, SeriesOutcome outcome) => _database.Run(session =>
    {
        session.Execute(
            "INSERT INTO new(key, url, content, text, status) VALUES($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            key, url, outcome.ContentDigest, outcome.TextDigest, outcome.HttpStatus);
    });

    /// <summary>Removes one of those inputs by its URL and returns its record; null if there is none.</summary>
    public SeriesOutcome? TakeNew(string url) => url.Length == 0 ? null : _database.Run(session =>
    {
        using var row = session.Query(
            "SELECT content, text, status, key FROM new WHERE url=$1 ORDER BY key LIMIT 1", url);
        if (!row.Read())
            return null;
        var (outcome, key) = (ReadOutcome(row, 0), row.GetString(3));
        row.Dispose();
        session.Execute("DELETE FROM new WHERE key=$1", key);
        return outcome;
    });

    /// <summary>Returns the inputs that only the other run has and that were not removed, ordered by URL.</summary>
    public IEnumerable<(string Url, SeriesOutcome? Outcome)> New()
    {
        using var rows = _database.Run(session =>
            session.Query("SELECT url, content, text, status FROM new ORDER BY url, key"));
        while (_database.Run(_ => rows.Read()))
            yield return (rows.GetString(0), ReadOutcome(rows, 1));
    }

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();

    /// <summary>An input of the run.</summary>
    /// <param name="Outcome">Its record; null if it has none.</param>
    /// <param name="IsLeftOut">Whether it was left out.</param>
    internal sealed record Known(SeriesOutcome? Outcome, bool IsLeftOut);

    private static SeriesOutcome? ReadOutcome(SqlRows row, int column) =>
        row.IsNull(column)
            ? null
            : new(
                row.GetString(column),
                row.IsNull(column + 1) ? null : row.GetString(column + 1),
                row.IsNull(column + 2) ? null : row.GetInt32(column + 2));
}
