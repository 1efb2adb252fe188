using System.Runtime.CompilerServices;
using Pipeline.Export.Sources;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Reports;
using Pipeline.Stores.Local;

namespace Pipeline.Export.Closing;

/// <summary>
/// The records of one list on one machine. The state knows where each is in <c>records.ndjson</c>, so records of other
/// lists need not be read.
/// </summary>
internal sealed class LocalListSource(LocalDatabase database, string path, FailureReader failures, Manifest manifest)
    : IResultSource
{
    /// <inheritdoc/>
    public DateTimeOffset? ClosedAt(string listId) => manifest.ClosedAt;

    /// <inheritdoc/>
    public bool Takes(ReadOnlySpan<byte> head, bool isRecord) => true;

    /// <inheritdoc/>
    public async IAsyncEnumerable<ResultFile> OpenRecordsAsync(
        ExportPlace from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (from.File > 0)
            yield break;
        var places = await database.ReadAsync(
            session =>
            {
                using var rows = session.Query(
                    "SELECT offset, length FROM record WHERE list_id=$1 ORDER BY offset LIMIT -1 OFFSET $2",
                    manifest.ListId, from.Line);
                var found = new List<(long Offset, long Length)>();
                while (rows.Read())
                    found.Add((rows.GetInt64(0), rows.GetInt64(1)));
                return found;
            },
            cancellationToken);
        if (places.Count > 0)
            yield return new(path, new Slices(path, places), from.Line + places.Count, from.Line);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ResultFile> OpenFailuresAsync(ExportPlace from, CancellationToken cancellationToken) =>
        FailureFiles.ReadAsync(failures, [manifest.ListId], from, cancellationToken);

    /// <summary>The lines at some positions of a file, one after the other.</summary>
    private sealed class Slices(string path, IReadOnlyList<(long Offset, long Length)> places) : ForwardStream
    {
        private readonly FileStream _file = new(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        private int _next;
        private long _left;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0)
            {
                if (_next == places.Count)
                    return 0;
                // The line feed belongs to the line.
                (_file.Position, _left) = (places[_next].Offset, places[_next].Length + 1);
                _next++;
            }
            var read = await _file.ReadAsync(
                buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
            _left -= read;
            return read;
        }

        public override async ValueTask DisposeAsync()
        {
            await _file.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
