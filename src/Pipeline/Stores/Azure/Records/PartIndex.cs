using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Describes the content of a part in the metadata of its blob, which is written in the same request: for each record
/// <c>id,length,status,digest</c> in the order of the part. Metadata of a blob holds 8 KiB; a record takes about 85
/// bytes.
/// </summary>
internal static class PartIndex
{
    private const string Key = "records";

    /// <summary>Writes the metadata of a part.</summary>
    public static Dictionary<string, string> Write(IReadOnlyList<StoredRecord> records) => new()
    {
        [Key] = string.Join(
            ' ', records.Select(r => string.Create(
                CultureInfo.InvariantCulture, $"{r.Id},{r.Place!.Length},{r.HttpStatus},{r.ContentDigest}"))),
    };

    /// <summary>Reads the content of a part; false if the blob is not a part.</summary>
    /// <param name="part">Name of the part below the folder of its list.</param>
    /// <param name="metadata">The blob's metadata.</param>
    /// <param name="records">The records, in the order of the part.</param>
    public static bool TryRead(
        string part, IDictionary<string, string>? metadata, [NotNullWhen(true)] out List<StoredRecord>? records)
    {
        records = null;
        if (metadata is null || !metadata.TryGetValue(Key, out var text))
            return false;
        List<StoredRecord> read = [];
        var offset = 0L;
        foreach (var entry in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry.Split(',') is not [var id, var size, var status, var digest]
                || !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
                return false;
            read.Add(new(id, new(part, offset, length), Number(status), digest.Length > 0 ? digest : null));
            offset += length;
        }

        records = read;
        return true;
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
