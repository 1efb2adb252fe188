using System.Globalization;
using System.Runtime.InteropServices;

namespace Pipeline.Records;

/// <summary>
/// Finds ids that occur more than once, among any number of them in bounded memory: sorted runs go to a temporary file
/// and are merged at the end.
/// </summary>
internal sealed class IdIndex(string tempFolder, int runLength = 1 << 18) : IDisposable
{
    private const int EntryBytes = 32;
    private const int BufferEntries = 512;

    private readonly List<Entry> _run = [];
    private readonly List<(long Start, long End)> _runs = [];
    private FileStream? _file;

    /// <summary>Adds an id of 32 hex digits.</summary>
    /// <returns>False if it is not such an id.</returns>
    public bool Add(string id, int file, long line)
    {
        if (id.Length != 32
            || !UInt128.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var key))
            return false;
        _run.Add(new(key, line, file));
        if (_run.Count == runLength)
            WriteRun();
        return true;
    }

    /// <summary>Returns each entry whose id occurred before, with the first entry of the id.</summary>
    public IEnumerable<(string Id, (int File, long Line) First, (int File, long Line) Again)> FindDuplicates()
    {
        var first = default(Entry);
        var isFirst = true;
        foreach (var entry in Merge())
        {
            if (!isFirst && entry.Key == first.Key)
                yield return (
                    entry.Key.ToString("x32", CultureInfo.InvariantCulture), (first.File, first.Line),
                    (entry.File, entry.Line));
            else
                first = entry;
            isFirst = false;
        }
    }

    public void Dispose() => _file?.Dispose();

    private IEnumerable<Entry> Merge()
    {
        _run.Sort();
        if (_runs.Count == 0)
            return _run;
        _file!.Flush();
        return MergeRuns([.. _runs.Select(run => ReadRun(run.Start, run.End)), _run]);
    }

    private static IEnumerable<Entry> MergeRuns(IReadOnlyList<IEnumerable<Entry>> runs)
    {
        var next = new PriorityQueue<IEnumerator<Entry>, Entry>();
        foreach (var run in runs.Select(run => run.GetEnumerator()))
            if (run.MoveNext())
                next.Enqueue(run, run.Current);
        while (next.TryDequeue(out var run, out var entry))
        {
            yield return entry;
            if (run.MoveNext())
                next.Enqueue(run, run.Current);
            else
                run.Dispose();
        }
    }

    private void WriteRun()
    {
        _file ??= SpooledMembers.CreateFile(tempFolder);
        _run.Sort();
        var start = _file.Position;
        _file.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_run)));
        _runs.Add((start, _file.Position));
        _run.Clear();
    }

    private IEnumerable<Entry> ReadRun(long start, long end)
    {
        var buffer = new Entry[BufferEntries];
        for (var at = start; at < end;)
        {
            var wanted = (int)Math.Min(BufferEntries, (end - at) / EntryBytes);
            RandomAccess.Read(_file!.SafeFileHandle, MemoryMarshal.AsBytes(buffer.AsSpan(0, wanted)), at);
            for (var i = 0; i < wanted; i++)
                yield return buffer[i];
            at += wanted * EntryBytes;
        }
    }

    /// <summary>An id and its position. Entries of one id sort by position.</summary>
    [StructLayout(LayoutKind.Sequential, Size = EntryBytes)]
    private readonly record struct Entry(UInt128 Key, long Line, int File) : IComparable<Entry>
    {
        public int CompareTo(Entry other) =>
            Key != other.Key ? Key.CompareTo(other.Key)
            : File != other.File ? File.CompareTo(other.File)
            : Line.CompareTo(other.Line);
    }
}
