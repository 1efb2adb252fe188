using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// The index of all objects: an object exists once its row is committed. Keys are stored as UTF-8 blobs, so they sort
/// as in S3 and GCS, and may contain any character.
/// </summary>
internal sealed class BucketIndex : IAsyncDisposable
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS objects (
            generation INTEGER PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, bytes INTEGER NOT NULL,
            md5 TEXT NOT NULL,
            crc32c INTEGER NOT NULL, created INTEGER NOT NULL, content_type TEXT NOT NULL, content_encoding TEXT,
            metadata TEXT,
            checksum_header TEXT, checksum TEXT, UNIQUE (bucket, key));
        -- The bytes of small objects; large ones are files. A separate table keeps the rows above narrow for listings.
        CREATE TABLE IF NOT EXISTS contents (generation INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
        """;

    private const string Columns =
        "bucket, key, generation, bytes, md5, crc32c, created, content_type, content_encoding, metadata, "
            + "checksum_header, checksum";

    private readonly Database _database;

    // A cache, because every request looks up its bucket. Buckets are never removed.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _buckets;

    public BucketIndex(string file)
    {
        _database = Database.Open(file, Schema);
        _buckets = new(
            _database.Read(
                d =>
                    d.Query(
                        "SELECT name, created FROM buckets",
                        r => KeyValuePair.Create(r.GetString(0), Time(r.GetInt64(1))))));
    }

    public async Task AddBucketAsync(string name, DateTimeOffset now)
    {
        await _database.WriteAsync(
            d => d.Execute("INSERT OR IGNORE INTO buckets (name, created) VALUES ($1, $2)", name, now.UtcTicks));
        _buckets.TryAdd(name, now);
    }

    public IReadOnlyList<(string Name, DateTimeOffset Created)> Buckets() =>
        [.. _buckets.Select(b => (b.Key, b.Value)).OrderBy(b => b.Key, StringComparer.Ordinal)];

    public DateTimeOffset? FindBucket(string name) => _buckets.TryGetValue(name, out var created) ? created : null;

    public StoredObject? Find(string bucket, string key) => _database.Read(d => Find(d, bucket, Utf8(key)));

    /// <summary>Finds an object with its bytes, which are null when they are in a file.</summary>
    public (StoredObject Object, byte[]? Bytes)? Read(string bucket, string key) => _database.Read(d =>
        d.Query<(StoredObject, byte[]?)?>(
            $"SELECT {Columns}, (SELECT bytes FROM contents WHERE generation = objects.generation) FROM objects WHERE "
                + "bucket = $1 AND key = $2",
            row =>
                (Read(row), row.IsDBNull(12) ? null : row.GetFieldValue<byte[]>(12)), bucket,
                Utf8(key)).FirstOrDefault());

    /// <summary>Up to <paramref name="limit"/> objects of all buckets, the newest first.</summary>
    public IReadOnlyList<StoredObject> Newest(int limit) => _database.Read(
        d => d.Query($"SELECT {Columns} FROM objects ORDER BY generation DESC LIMIT $1", Read, (long)limit));

    /// <summary>The highest generation of all objects; 0 when there are none.</summary>
    public long LastGeneration() =>
        _database.Read(d => d.Scalar<long>("SELECT ifnull(max(generation), 0) FROM objects"));

    public bool Knows(long generation) =>
        _database.Read(d => d.Scalar<long>("SELECT count(*) FROM objects WHERE generation = $1", generation) > 0);

    /// <summary>
    /// Makes an object visible in place of the previous one, if <paramref name="condition"/> accepts that one.
    /// </summary>
    /// <param name="item">The object.</param>
    /// <param name="bytes">Its bytes; null when they are in a file.</param>
    /// <param name="condition">Receives the previous object, or null when there is none.</param>
    /// <returns>Whether the condition accepted, and the previous object.</returns>
    public Task<(bool Accepted, StoredObject? Previous)> ReplaceAsync(
        StoredObject item, byte[]? bytes,
        Func<StoredObject?, bool> condition) => ChangeAsync(item.Bucket, item.Key, condition, d =>
    {
        d.Execute($"INSERT INTO objects ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            item.Bucket, Utf8(item.Key), item.Generation, item.Bytes, item.Md5, (long)item.Crc32C,
                item.Created.UtcTicks, item.Traits.ContentType,
            item.Traits.ContentEncoding, item.Traits.Metadata is { } metadata
                ? JsonSerializer.Serialize(metadata, MetadataJson.Default.IReadOnlyDictionaryStringString)
                : null,
            item.Traits.ChecksumHeader, item.Traits.Checksum);
        if (bytes is not null)
            d.Execute("INSERT INTO contents (generation, bytes) VALUES ($1, $2)", item.Generation, bytes);
    });

    /// <summary>Removes an object if <paramref name="condition"/> accepts it.</summary>
    public Task<(bool Accepted, StoredObject? Previous)> RemoveAsync(
        string bucket, string key, Func<StoredObject?, bool> condition) =>
        ChangeAsync(bucket, key, condition, _ => { });

    /// <summary>
    /// Up to <paramref name="limit"/> objects, by key, from <paramref name="from"/> (inclusive) to
    /// <paramref name="to"/> (exclusive).
    /// </summary>
    public IReadOnlyList<StoredObject> Range(string bucket, byte[] from, byte[]? to, int limit) =>
        _database.Read(d => to is null
        ? d.Query(
            $"SELECT {Columns} FROM objects WHERE bucket = $1 AND key >= $2 ORDER BY key LIMIT $3", Read, bucket, from,
            (long)limit)
        : d.Query(
            $"SELECT {Columns} FROM objects WHERE bucket = $1 AND key >= $2 AND key < $4 ORDER BY key LIMIT $3", Read,
            bucket, from, (long)limit, to));

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private Task<(bool Accepted, StoredObject? Previous)> ChangeAsync(
        string bucket, string key, Func<StoredObject?, bool> condition, Action<StatementCache> add) =>
        _database.WriteAsync(d =>
        {
            var previous = Find(d, bucket, Utf8(key));
            if (!condition(previous))
                return (false, previous);
            if (previous is not null)
            {
                d.Execute("DELETE FROM objects WHERE generation = $1", previous.Generation);
                d.Execute("DELETE FROM contents WHERE generation = $1", previous.Generation);
            }

            add(d);
            return (true, previous);
        });

    private static StoredObject? Find(StatementCache d, string bucket, byte[] key) =>
        d.Query($"SELECT {Columns} FROM objects WHERE bucket = $1 AND key = $2", Read, bucket, key).FirstOrDefault();

    private static StoredObject Read(SqliteDataReader row) => new(
        row.GetString(0), Encoding.UTF8.GetString(
            row.GetFieldValue<byte[]>(1)), row.GetInt64(2), row.GetInt64(3), row.GetString(4),
        (uint)row.GetInt64(5), Time(row.GetInt64(6)), new(row.GetString(7))
        {
            ContentEncoding = row.IsDBNull(8) ? null : row.GetString(8),
            Metadata = row.IsDBNull(9)
                ? null
                : JsonSerializer.Deserialize(row.GetString(9), MetadataJson.Default.IReadOnlyDictionaryStringString),
            ChecksumHeader = row.IsDBNull(10) ? null : row.GetString(10),
            Checksum = row.IsDBNull(11) ? null : row.GetString(11),
        });

    private static byte[] Utf8(string key) => Encoding.UTF8.GetBytes(key);

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);
}

/// <summary>Source-generated JSON for the metadata of objects.</summary>
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class MetadataJson : JsonSerializerContext;
