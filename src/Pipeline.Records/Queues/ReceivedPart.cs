using System.Runtime.CompilerServices;

namespace Pipeline.Records;

/// <summary>
/// A received message. Handle its records, then complete it. If it is disposed without that, it arrives again.
/// </summary>
public sealed class ReceivedPart : IAsyncDisposable
{
    private readonly MessageLease _lease;
    private readonly PartReader _reader;
    private readonly RecordQueueOptions _options;
    private readonly HashSet<string> _given = new(StringComparer.Ordinal);
    private bool _isCompleted;

    internal ReceivedPart(MessageLease lease, PartMessage message, PartReader reader, RecordQueueOptions options) =>
        (_lease, Message, _reader, _options) = (lease, message, reader, options);

    /// <summary>The message.</summary>
    public PartMessage Message { get; }

    /// <summary>Number of times the message was received, including this one.</summary>
    public long Tries => _lease.Tries;

    /// <summary>
    /// Whether the lease was lost, so that another consumer may have the message. Its records may then be handled
    /// twice.
    /// </summary>
    public bool IsLost => _lease.IsLost;

    /// <summary>Reads the message's records, without those that were already handled.</summary>
    /// <exception cref="RecordException">A record cannot be read. All others have been returned before.</exception>
    public async IAsyncEnumerable<Record> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var ids = Message.Records.Select(record => record.Id).ToList();
        var handled = await _options.Handled.FindAsync(ids, cancellationToken);
        await foreach (var record in _reader.ReadAsync(Message, handled, cancellationToken))
        {
            _given.Add(record.Id);
            yield return record;
        }
    }

    /// <summary>Confirms that every record that was read has been handled, and deletes the message.</summary>
    /// <returns>
    /// False if the lease was lost; the message then arrives again, and its records are skipped as handled.
    /// </returns>
    public async Task<bool> CompleteAsync(CancellationToken cancellationToken = default)
    {
        await _options.Handled.AddAsync(_given, cancellationToken);
        _isCompleted = true;
        return await _lease.DeleteAsync(cancellationToken);
    }

    /// <summary>Ends the lease. Without <see cref="CompleteAsync"/>, the message arrives again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isCompleted)
            await _lease.ReleaseAsync(_options.RetryDelay);
        await _lease.DisposeAsync();
    }

    /// <summary>Whether a record could not be read.</summary>
    internal bool HasFailed { get; set; }

    internal string Text => _lease.Message.Body.ToString();

    /// <summary>Confirms that one record has been handled.</summary>
    internal Task MarkAsync(Record record, CancellationToken cancellationToken)
    {
        _given.Remove(record.Id);
        return _options.Handled.AddAsync([record.Id], cancellationToken);
    }
}
