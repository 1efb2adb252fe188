using System.Text;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Stores.Local.Records;

/// <summary>Reads records from <c>records.ndjson</c>, at the position that the state has.</summary>
/// <param name="database">The state.</param>
/// <param name="time">The clock.</param>
/// <param name="output">
/// The output folder, which may have been renamed or copied since it was written; null for its last known path.
/// </param>
internal sealed class LocalRecordReader(LocalDatabase database, TimeProvider time, string? output) : IRecordReader
{
    // An erasure may move lines between the query of the state and the read.
    private const int Attempts = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly string? _output = output is null ? null : FolderClaim.PathOf(output);

    /// <inheritdoc/>
    public async Task<Stream?> OpenRecordAsync(
        string listId, InputEntry recorded, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var place = await database.ReadAsync(session => Find(session, recorded.Id), cancellationToken);
            if (place is not var (path, offset, length))
                return null;
            var file = Open(path);
            if (file is null)
                return null;
            if (await IsAtAsync(file, offset, recorded.Id, cancellationToken))
            {
                file.Position = offset;
                return new SectionStream(file, length);
            }
            await file.DisposeAsync();
            await Task.Delay(Pause, time, cancellationToken);
        }
        return null;
    }

    private static FileStream? Open(string path)
    {
        try
        {
            return new(path, new FileStreamOptions
            {
                Share = FileShare.ReadWrite | FileShare.Delete,
                Options = FileOptions.Asynchronous,
            });
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether the line at a position is the record: its id is near its start.</summary>
    private static async Task<bool> IsAtAsync(
        FileStream file, long offset, string id, CancellationToken cancellationToken)
    {
        var head = new byte[128 + id.Length];
        file.Position = offset;
        var read = await file.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        return head.AsSpan(0, read).IndexOf(Encoding.UTF8.GetBytes($"\"{id}\"")) >= 0;
    }

    private (string Path, long Offset, long Length)? Find(SqlSession session, string id)
    {
        if (FindFile(session) is not { } path)
            return null;
        using var rows = session.Query("SELECT offset, length FROM record WHERE id=$1", id);
        return rows.Read() ? (path, rows.GetInt64(0), rows.GetInt64(1)) : null;
    }

    private string? FindFile(SqlSession session)
    {
        var claim = new FolderClaim(session, database.Path);
        if (claim.Folder is not { } known)
            return null;
        var path = Path.Combine(_output ?? known, NdjsonRecordStore.RecordsFile);
        claim.Require(_output ?? known, new NdjsonFile(path));
        return path;
    }
}
