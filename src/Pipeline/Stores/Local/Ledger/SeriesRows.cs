using Pipeline.Model.Series;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>The ledger's statements: series.</summary>
internal static class SeriesRows
{
    public static IReadOnlyList<SeriesEntry> Entries(SqlSession session, string series, string after, int max)
    {
        using var rows = session.Query(
            "SELECT key, content_digest, text_digest, http_status, record_id, list_id, run_at, recorded_at "
                + "FROM series WHERE name=$1 AND key>$2 ORDER BY key LIMIT $3",
            series, after, max);
        var entries = new List<SeriesEntry>();
        while (rows.Read())
        {
            entries.Add(new()
            {
                Key = rows.GetString(0),
                Outcome = new(
                    rows.GetString(1),
                    rows.IsNull(2) ? null : rows.GetString(2),
                    rows.IsNull(3) ? null : rows.GetInt32(3)),
                RecordId = rows.GetString(4),
                ListId = rows.GetString(5),
                RunAt = new(rows.GetInt64(6), TimeSpan.Zero),
                RecordedAt = new(rows.GetInt64(7), TimeSpan.Zero),
            });
        }
        return entries;
    }

    // The condition is SeriesEntry.Replaces.
    public static void Put(SqlSession session, string series, IReadOnlyList<SeriesEntry> entries)
    {
        foreach (var e in entries)
        {
            if (ErasedLists.Has(session, e.ListId))
                continue;
            session.Execute(
                """
                INSERT INTO series(name, key, content_digest, text_digest, http_status, record_id, list_id, run_at,
                    recorded_at) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT DO UPDATE SET content_digest=excluded.content_digest, text_digest=excluded.text_digest,
                    http_status=excluded.http_status, record_id=excluded.record_id, list_id=excluded.list_id,
                    run_at=excluded.run_at, recorded_at=excluded.recorded_at
                WHERE (excluded.run_at, excluded.list_id, excluded.recorded_at)
                    >= (series.run_at, series.list_id, series.recorded_at)
                """,
                series, e.Key, e.Outcome.ContentDigest, e.Outcome.TextDigest, e.Outcome.HttpStatus, e.RecordId,
                e.ListId, e.RunAt.UtcTicks, e.RecordedAt.UtcTicks);
        }
    }

    public static byte[] Pin(SqlSession session, string listId, int block, byte[] pin)
    {
        if (ErasedLists.Has(session, listId))
            return pin;
        session.Execute(
            "INSERT INTO series_pin(list_id, block, pin) VALUES($1, $2, $3) ON CONFLICT DO NOTHING",
            listId, block, pin);
        return (byte[])session.Scalar(
            "SELECT pin FROM series_pin WHERE list_id=$1 AND block=$2", listId, block)!;
    }

    public static IReadOnlyList<byte[]> Pins(SqlSession session, string listId, int after, int max)
    {
        using var rows = session.Query(
            "SELECT pin FROM series_pin WHERE list_id=$1 AND block>$2 ORDER BY block LIMIT $3", listId, after, max);
        var pins = new List<byte[]>();
        while (rows.Read())
            pins.Add(rows.GetBytes(0));
        return pins;
    }

    public static void AddRun(SqlSession session, string series, SeriesRun run)
    {
        if (!ErasedLists.Has(session, run.ListId))
            session.Execute(
                "INSERT INTO series_run(name, run_at, list_id) VALUES($1, $2, $3) ON CONFLICT DO NOTHING",
                series, run.RunAt.UtcTicks, run.ListId);
    }

    public static IReadOnlyList<SeriesRun> Runs(SqlSession session, string series)
    {
        using var rows = session.Query(
            "SELECT list_id, run_at FROM series_run WHERE name=$1 ORDER BY run_at DESC, list_id DESC", series);
        var runs = new List<SeriesRun>();
        while (rows.Read())
            runs.Add(new(rows.GetString(0), new(rows.GetInt64(1), TimeSpan.Zero)));
        return runs;
    }
}
