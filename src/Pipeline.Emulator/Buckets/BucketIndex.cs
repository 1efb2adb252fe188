using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// The truth about what objects there are: an object exists when its row is committed. Keys are stored as UTF-8 blobs, so
/// they sort as S3 and GCS sort them and any character is safe.
/// </summary>
internal sealed class BucketIndex : IDisposable
{
    private const string Columns = "bucket, key, generation, bytes, md5, crc32c, created, content_type, content_encoding, metadata, checksum_header, checksum";

    private readonly string _connectionString;
    private readonly ConcurrentBag<SqliteConnection> _idle = [];
    private readonly Lock _writing = new();

    public BucketIndex(string file)
    {
        _connectionString = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 30 }.ToString();
        Use(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = """
                PRAGMA journal_mode = WAL;
                CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS objects (
                    generation INTEGER PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, bytes INTEGER NOT NULL, md5 TEXT NOT NULL,
                    crc32c INTEGER NOT NULL, created INTEGER NOT NULL, content_type TEXT NOT NULL, content_encoding TEXT, metadata TEXT,
                    checksum_header TEXT, checksum TEXT, UNIQUE (bucket, key));
                """;
            return command.ExecuteNonQuery();
        });
    }

    public void AddBucket(string name, DateTimeOffset now)
    {
        lock (_writing)
            Use(c => Execute(c, "INSERT OR IGNORE INTO buckets (name, created) VALUES ($p0, $p1)", name, now.UtcTicks));
    }

    public IReadOnlyList<(string Name, DateTimeOffset Created)> Buckets() =>
        Use(c => Query(c, "SELECT name, created FROM buckets ORDER BY name", r => (r.GetString(0), Time(r.GetInt64(1)))));

    public DateTimeOffset? FindBucket(string name) =>
        Use(c => Query(c, "SELECT created FROM buckets WHERE name = $p0", r => (DateTimeOffset?)Time(r.GetInt64(0)), name).FirstOrDefault());

    public StoredObject? Find(string bucket, string key) =>
        Use(c => Find(c, bucket, Utf8(key)));

    public bool Knows(long generation) =>
        Use(c => Query(c, "SELECT 1 FROM objects WHERE generation = $p0", _ => true, generation).Count > 0);

    /// <summary>Makes an object visible in place of the one before it, where <paramref name="condition"/> accepts that one.</summary>
    /// <returns>Whether it was accepted, and what was there before.</returns>
    public (bool Accepted, StoredObject? Previous) Replace(StoredObject item, Func<StoredObject?, bool> condition) => Change(item.Bucket, item.Key, condition, c =>
        Execute(c, $"INSERT INTO objects ({Columns}) VALUES ($p0, $p1, $p2, $p3, $p4, $p5, $p6, $p7, $p8, $p9, $p10, $p11)",
            item.Bucket, Utf8(item.Key), item.Generation, item.Bytes, item.Md5, (long)item.Crc32C, item.Created.UtcTicks, item.Traits.ContentType,
            item.Traits.ContentEncoding, item.Traits.Metadata is { } metadata ? JsonSerializer.Serialize(metadata) : null,
            item.Traits.ChecksumHeader, item.Traits.Checksum));

    /// <summary>Removes an object where <paramref name="condition"/> accepts it.</summary>
    public (bool Accepted, StoredObject? Previous) Remove(string bucket, string key, Func<StoredObject?, bool> condition) =>
        Change(bucket, key, condition, _ => 0);

    /// <summary>At most <paramref name="limit"/> objects whose keys are at or after <paramref name="from"/> and before <paramref name="to"/>.</summary>
    public IReadOnlyList<StoredObject> Range(string bucket, byte[] from, byte[]? to, int limit) => to is null
        ? Use(c => Query(c, $"SELECT {Columns} FROM objects WHERE bucket = $p0 AND key >= $p1 ORDER BY key LIMIT $p2", Read, bucket, from, limit))
        : Use(c => Query(c, $"SELECT {Columns} FROM objects WHERE bucket = $p0 AND key >= $p1 AND key < $p3 ORDER BY key LIMIT $p2", Read, bucket, from, limit, to));

    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
            connection.Dispose();
    }

    private (bool Accepted, StoredObject? Previous) Change(string bucket, string key, Func<StoredObject?, bool> condition, Func<SqliteConnection, int> add)
    {
        lock (_writing)
        {
            return Use(connection =>
            {
                using var transaction = connection.BeginTransaction();
                var previous = Find(connection, bucket, Utf8(key));
                if (!condition(previous))
                    return (false, previous);
                if (previous is not null)
                    Execute(connection, "DELETE FROM objects WHERE generation = $p0", previous.Generation);
                add(connection);
                transaction.Commit();
                return (true, previous);
            });
        }
    }

    private T Use<T>(Func<SqliteConnection, T> work)
    {
        if (!_idle.TryTake(out var connection))
        {
            connection = new SqliteConnection(_connectionString);
            connection.Open();
            // A killed process loses nothing that way; only a power cut may take the last writes, never the order of them.
            Execute(connection, "PRAGMA synchronous = NORMAL");
        }

        try
        {
            var result = work(connection);
            _idle.Add(connection);
            return result;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static StoredObject? Find(SqliteConnection connection, string bucket, byte[] key) =>
        Query(connection, $"SELECT {Columns} FROM objects WHERE bucket = $p0 AND key = $p1", Read, bucket, key).FirstOrDefault();

    private static int Execute(SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = Command(connection, sql, values);
        return command.ExecuteNonQuery();
    }

    private static List<T> Query<T>(SqliteConnection connection, string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> values)
    {
        using var command = Command(connection, sql, values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, ReadOnlySpan<object?> values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"$p{i}", values[i] ?? DBNull.Value);
        return command;
    }

    private static StoredObject Read(SqliteDataReader row) => new(
        row.GetString(0), Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(1)), row.GetInt64(2), row.GetInt64(3), row.GetString(4),
        (uint)row.GetInt64(5), Time(row.GetInt64(6)), new(row.GetString(7))
        {
            ContentEncoding = row.IsDBNull(8) ? null : row.GetString(8),
            Metadata = row.IsDBNull(9) ? null : JsonSerializer.Deserialize<Dictionary<string, string>>(row.GetString(9)),
            ChecksumHeader = row.IsDBNull(10) ? null : row.GetString(10),
            Checksum = row.IsDBNull(11) ? null : row.GetString(11),
        });

    private static byte[] Utf8(string key) => Encoding.UTF8.GetBytes(key);

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);
}
