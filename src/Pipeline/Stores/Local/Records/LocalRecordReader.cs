using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Stores.Local.Records;

/// <summary>Reads records from <c>records.ndjson</c>, at the place that the state knows.</summary>
internal sealed class LocalRecordReader(LocalDatabase database) : IRecordReader
{
    /// <inheritdoc/>
    public async Task<Stream?> OpenRecordAsync(
        string listId, InputEntry recorded, CancellationToken cancellationToken)
    {
        var place = await database.ReadAsync(session => Find(session, recorded.Id), cancellationToken);
        if (place is not var (folder, offset, length))
            return null;
        var path = Path.Combine(folder, NdjsonRecordStore.RecordsFile);
        try
        {
            var file = new FileStream(path, new FileStreamOptions
            {
                Share = FileShare.ReadWrite | FileShare.Delete,
                Options = FileOptions.Asynchronous,
            });
            file.Position = offset;
            return new SectionStream(file, length);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static (string Folder, long Offset, long Length)? Find(SqlSession session, string id)
    {
        using var rows = session.Query(
            "SELECT s.value, r.offset, r.length FROM record r, setting s WHERE r.id=$1 AND s.name='out'", id);
        return rows.Read() ? (rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2)) : null;
    }
}
