using System.Collections;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Records;

/// <summary>A range of bytes in a blob in the container of the records.</summary>
/// <param name="Name">Name of the blob below the folder of its list.</param>
/// <param name="Offset">Offset of the first byte.</param>
/// <param name="Length">Number of bytes.</param>
internal readonly record struct SourceRange(string Name, long Offset, long Length)
{
    /// <summary>Joins adjacent ranges of the same blob.</summary>
    public static IReadOnlyList<SourceRange> Join(IEnumerable<SourceRange> ranges)
    {
        var joined = new List<SourceRange>();
        foreach (var range in ranges)
        {
            if (joined is [.., var last] && last.Name == range.Name && last.Offset + last.Length == range.Offset)
                joined[^1] = last with { Length = last.Length + range.Length };
            else
                joined.Add(range);
        }

        return joined;
    }
}

/// <summary>
/// The content of a submission's file. Its records are in the order of their parts and offsets, so the position of each
/// record follows from the inputs in the file.
/// </summary>
internal sealed class SubmissionLayout
{
    private readonly IReadOnlyList<InputEntry> _records;

    /// <param name="records">Inputs of one submission that have a record, each with its place.</param>
    public SubmissionLayout(IEnumerable<InputEntry> records) => _records =
    [
        .. records.OrderBy(i => i.Place!.Part, StringComparer.Ordinal).ThenBy(i => i.Place!.Offset),
    ];

    /// <summary>Number of records.</summary>
    public int Count => _records.Count;

    /// <summary>The inputs in the file, for its metadata: a bit for each ordinal, in base64.</summary>
    public string Ordinals
    {
        get
        {
            var bits = new byte[(_records.Max(i => i.Ordinal) / 8) + 1];
            foreach (var record in _records)
                bits[record.Ordinal / 8] |= (byte)(1 << (record.Ordinal % 8));
            return Convert.ToBase64String(bits);
        }
    }

    /// <summary>Reads the ordinals that a file's metadata names.</summary>
    public static IReadOnlySet<int> Parse(string ordinals)
    {
        var bits = new BitArray(Convert.FromBase64String(ordinals));
        return Enumerable.Range(0, bits.Length).Where(i => bits[i]).ToHashSet();
    }

    /// <summary>Whether the file holds all of these inputs.</summary>
    public bool Covers(IReadOnlySet<int> ordinals) => ordinals.IsSubsetOf(_records.Select(i => i.Ordinal));

    /// <summary>
    /// Returns the ranges to copy, in order. Records that an earlier file holds come from there, because their parts
    /// may be gone.
    /// </summary>
    /// <param name="file">Name of the earlier file.</param>
    /// <param name="held">The inputs in it.</param>
    public IReadOnlyList<SourceRange> RangesFrom(string file, IReadOnlySet<int> held)
    {
        var position = 0L;
        return SourceRange.Join(_records.Select(Locate));

        SourceRange Locate(InputEntry record)
        {
            var place = record.Place!;
            if (!held.Contains(record.Ordinal))
                return new(place.Part, place.Offset, place.Length);
            position += place.Length;
            return new(file, position - place.Length, place.Length);
        }
    }
}
