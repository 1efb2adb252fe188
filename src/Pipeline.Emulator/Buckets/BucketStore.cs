using System.Globalization;
using System.Text;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// Keeps buckets and objects in a folder: the bytes of large objects in files named by generation, everything else in
/// an SQLite index. Committing an object's row makes it visible, whole and with its metadata. Keys never become paths.
/// </summary>
/// <remarks>Only one process may use the folder at a time. Nothing is read or written before the first use.</remarks>
internal sealed class BucketStore(string folder, TimeProvider? time = null) : IAsyncDisposable
{
    private static readonly TimeSpan OrphanAge = TimeSpan.FromHours(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _opening = new();
    private BucketIndex? _index;
    private long _lastGeneration;

    private string ObjectsFolder => Path.Combine(folder, "objects");

    private BucketIndex Index => Volatile.Read(ref _index) ?? Open();

    /// <summary>Creates the bucket unless it exists.</summary>
    public Task EnsureBucketAsync(string name) =>
        Index.FindBucket(name) is null ? Index.AddBucketAsync(name, _time.GetUtcNow()) : Task.CompletedTask;

    /// <summary>When the bucket was created; null when it does not exist.</summary>
    public DateTimeOffset? FindBucket(string name) => Index.FindBucket(name);

    /// <summary>All buckets, sorted by name.</summary>
    public IReadOnlyList<(string Name, DateTimeOffset Created)> Buckets() => Index.Buckets();

    /// <summary>Starts an upload. The caller must dispose it, committed or not.</summary>
    public ObjectUpload BeginUpload()
    {
        _ = Index;
        var generation = NextGeneration();
        return new ObjectUpload(PathOf(generation), generation);
    }

    /// <summary>
    /// Makes the uploaded bytes the object with this key, if <paramref name="condition"/> accepts the current object
    /// (null for none).
    /// </summary>
    /// <returns>The new object, or null when the condition refused; the upload is then unchanged.</returns>
    public async Task<StoredObject?> CommitAsync(
        ObjectUpload upload, string bucket, string key, ObjectTraits traits,
        Func<StoredObject?, bool>? condition = null)
    {
        var item = new StoredObject(
            bucket, key, upload.Generation, upload.Bytes, Convert.ToHexStringLower(upload.Md5()), upload.Crc32C,
            _time.GetUtcNow(), traits);
        var (accepted, previous) = await Index.ReplaceAsync(item, upload.Finish(), condition ?? (_ => true));
        if (!accepted)
            return null;
        upload.Keep();
        RemoveFile(previous);
        return item;
    }

    /// <summary>Uploads and commits an object in one call.</summary>
    public async Task<StoredObject> PutAsync(
        string bucket, string key, Stream content, ObjectTraits traits, CancellationToken cancellationToken)
    {
        using var upload = BeginUpload();
        await upload.AppendAsync(content, null, cancellationToken);
        return (await CommitAsync(upload, bucket, key, traits))!;
    }

    /// <summary>Finds an object; null when it does not exist.</summary>
    public StoredObject? Find(string bucket, string key) => Index.Find(bucket, key);

    /// <summary>Up to <paramref name="limit"/> objects of all buckets, the newest first.</summary>
    public IReadOnlyList<StoredObject> Newest(int limit) => Index.Newest(limit);

    /// <summary>
    /// Opens an object; null when it does not exist. An open object can be read to its end even when it is replaced or
    /// removed meanwhile.
    /// </summary>
    public (StoredObject Object, ObjectContent Content)? OpenRead(string bucket, string key)
    {
        while (Index.Read(bucket, key) is var (item, bytes))
        {
            try
            {
                return (
                    item,
                    bytes is null
                        ? new(File.OpenHandle(PathOf(item.Generation), options: FileOptions.SequentialScan))
                        : new(bytes));
            }
            catch (FileNotFoundException)
                when (Index.Find(bucket, key) is not { } now || now.Generation != item.Generation)
            {
                // It was replaced or removed since the index was read, so read the index again.
            }
        }

        return null;
    }

    /// <summary>Removes an object if <paramref name="condition"/> accepts it (null for none).</summary>
    /// <returns>Whether the condition accepted, and whether the object existed.</returns>
    public async Task<(bool Accepted, bool Existed)> DeleteAsync(
        string bucket, string key, Func<StoredObject?, bool>? condition = null)
    {
        var (accepted, previous) = await Index.RemoveAsync(bucket, key, condition ?? (_ => true));
        if (accepted)
            RemoveFile(previous);
        return (accepted, previous is not null);
    }

    /// <summary>Lists one page of the objects whose keys start with <paramref name="prefix"/>.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="prefix">The prefix; empty for all objects.</param>
    /// <param name="delimiter">
    /// Groups keys that contain it after the prefix into common prefixes; empty for no grouping.
    /// </param>
    /// <param name="cursor">
    /// Where to start: <see cref="ObjectPage.NextCursor"/>, <see cref="After"/> of a key, or null.
    /// </param>
    /// <param name="limit">The most objects and common prefixes together.</param>
    public ObjectPage List(string bucket, string prefix, string delimiter, byte[]? cursor, int limit)
    {
        var start = Encoding.UTF8.GetBytes(prefix);
        var end = Successor(start);
        var from = cursor is not null && cursor.AsSpan().SequenceCompareTo(start) > 0 ? cursor : start;
        var objects = new List<StoredObject>();
        var prefixes = new List<string>();
        while (true)
        {
            // With a delimiter most rows may be skipped, so read fewer at a time.
            var room = limit - objects.Count - prefixes.Count + 1;
            var want = delimiter.Length == 0 ? room : Math.Min(room, 64);
            var rows = Index.Range(bucket, from, end, want);
            var skipped = false;
            foreach (var row in rows)
            {
                if (objects.Count + prefixes.Count == limit)
                    return new(objects, prefixes, Encoding.UTF8.GetBytes(row.Key));
                var cut = delimiter.Length == 0
                    ? -1
                    : row.Key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
                skipped = cut >= 0;
                if (skipped)
                {
                    prefixes.Add(row.Key[..(cut + delimiter.Length)]);
                    from = Successor(Encoding.UTF8.GetBytes(prefixes[^1]))!;
                    break;
                }

                objects.Add(row);
                from = After(row.Key);
            }

            if (!skipped && rows.Count < want)
                return new(objects, prefixes, null);
        }
    }

    /// <summary>The cursor that starts right after a key.</summary>
    public static byte[] After(string key) => [.. Encoding.UTF8.GetBytes(key), 0];

    public ValueTask DisposeAsync() => _index?.DisposeAsync() ?? default;

    // The first byte string after all that start with the prefix. UTF-8 has no byte 0xFF, so the last byte can always
    // grow.
    private static byte[]? Successor(byte[] prefix) =>
        prefix.Length == 0 ? null : [.. prefix[..^1], (byte)(prefix[^1] + 1)];

    private string PathOf(long generation) =>
        Path.Combine(
            ObjectsFolder, (generation & 0xFF).ToString("x2", CultureInfo.InvariantCulture),
            generation.ToString(CultureInfo.InvariantCulture));

    // A small object has no file, and its folder may not exist either.
    private void RemoveFile(StoredObject? item)
    {
        if (item is not null && PathOf(item.Generation) is var path && File.Exists(path))
            File.Delete(path);
    }

    private long NextGeneration()
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
        long last, next;
        do
        {
            last = Volatile.Read(ref _lastGeneration);
            next = Math.Max(last + 1, now);
        }
        while (Interlocked.CompareExchange(ref _lastGeneration, next, last) != last);
        return next;
    }

    private BucketIndex Open()
    {
        lock (_opening)
        {
            if (_index is not null)
                return _index;
            Directory.CreateDirectory(ObjectsFolder);
            var index = new BucketIndex(Path.Combine(folder, "index.db"));
            _lastGeneration = index.LastGeneration();
            RemoveOrphans(index);
            Volatile.Write(ref _index, index);
            return index;
        }
    }

    // Deletes files without a row, which a killed process leaves behind. Young ones may be uploads of another process.
    private void RemoveOrphans(BucketIndex index)
    {
        var old = _time.GetUtcNow() - OrphanAge;
        foreach (var file in new DirectoryInfo(ObjectsFolder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var generation = long.Parse(file.Name, CultureInfo.InvariantCulture);
            _lastGeneration = Math.Max(_lastGeneration, generation);
            if (file.LastWriteTimeUtc < old.UtcDateTime && !index.Knows(generation))
                file.Delete();
        }
    }
}
