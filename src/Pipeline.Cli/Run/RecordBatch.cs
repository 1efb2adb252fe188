using System.Text.Json;
using Pipeline.Model;
using Pipeline.Staging;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Cli.Run;

/// <summary>
/// Cuts a file of records into lines and puts them to the local files, several in one write. A long line spills, so
/// memory is bounded.
/// </summary>
internal sealed class RecordBatch(string listId, string submissionId, string spillFolder, NdjsonRecordStore sink)
    : IAsyncDisposable
{
    private const int SpillAt = 1 << 20;
    private const int MaxRecords = 32;

    // A record starts with its schema and its id.
    private const int HeadBytes = 256;

    private readonly List<StagedRecord> _records = [];
    private readonly byte[] _head = new byte[HeadBytes];
    private SpillBuffer? _line;

    /// <summary>Number of records so far.</summary>
    public long Records { get; private set; }

    /// <summary>Appends bytes of the file.</summary>
    public async Task AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (int end; (end = bytes.Span.IndexOf((byte)'\n')) >= 0; bytes = bytes[(end + 1)..])
        {
            Append(bytes.Span[..end]);
            await EndLineAsync(cancellationToken);
        }

        Append(bytes.Span);
    }

    /// <summary>Puts what is left. Returns false if the last line has no end.</summary>
    public async Task<bool> EndAsync(CancellationToken cancellationToken)
    {
        await PutAsync(cancellationToken);
        return _line is null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _line?.Dispose();
        foreach (var record in _records)
            await record.DisposeAsync();
        _records.Clear();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        _line ??= new(SpillAt, spillFolder);
        var at = (int)Math.Min(_line.Length, HeadBytes);
        bytes[..Math.Min(bytes.Length, HeadBytes - at)].CopyTo(_head.AsSpan(at));
        _line.Append(bytes);
    }

    private async Task EndLineAsync(CancellationToken cancellationToken)
    {
        if (_line is not { } line)
            return;
        var id = ReadId(_head.AsSpan(0, (int)Math.Min(line.Length, HeadBytes)));
        _records.Add(new(id, listId, submissionId, [new(default, line)]));
        _line = null;
        Records++;
        if (_records.Count == MaxRecords || line.IsSpilled)
            await PutAsync(cancellationToken);
    }

    private async Task PutAsync(CancellationToken cancellationToken)
    {
        if (_records.Count > 0)
            await sink.PutRecordsAsync(submissionId, _records, cancellationToken);
        foreach (var record in _records)
            await record.DisposeAsync();
        _records.Clear();
    }

    private string ReadId(ReadOnlySpan<byte> head)
    {
        try
        {
            var json = new Utf8JsonReader(head, isFinalBlock: false, default);
            while (json.Read())
                if (json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("id"u8) && json.Read()
                    && json.GetString() is { } id)
                    return id;
        }
        catch (JsonException)
        {
            // Said below, with the place.
        }

        throw PipelineException.Transient(
            FailureReasons.ObjectDamaged, $"A line of the file of submission {submissionId} is no record.");
    }
}
