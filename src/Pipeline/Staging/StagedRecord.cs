using System.Buffers;
using Pipeline.Model.Series;

namespace Pipeline.Staging;

/// <summary>
/// A complete, verified record on its way to a sink: one JSON object, UTF-8, on one line, without the line feed. Its
/// bytes are in pooled memory, or in a temporary file if the record is large. Every copy gives the same bytes.
/// </summary>
public sealed class StagedRecord : IAsyncDisposable
{
    private readonly IDisposable? _plain;
    private readonly Segment[] _segments;
    private readonly int _count;
    private bool _disposed;

    /// <summary>
    /// Takes ownership of the staged segments and of <paramref name="plain"/>, which owns the plain bytes of the
    /// others.
    /// </summary>
    internal StagedRecord(
        string id, string listId, string submissionId, ReadOnlySpan<Segment> segments, IDisposable? plain = null)
    {
        (Id, ListId, SubmissionId, _plain, _count) = (id, listId, submissionId, plain, segments.Length);
        _segments = ArrayPool<Segment>.Shared.Rent(_count);
        segments.CopyTo(_segments);
        foreach (var segment in segments)
            Bytes += segment.Staged?.Length ?? segment.Plain.Length;
    }

    /// <summary>The record's id.</summary>
    public string Id { get; }

    /// <summary>The list.</summary>
    public string ListId { get; }

    /// <summary>The submission.</summary>
    public string SubmissionId { get; }

    /// <summary>The page's HTTP status; null if the result has none.</summary>
    public int? HttpStatus { get; internal init; }

    /// <summary>How it compares with its series; null if its list has none.</summary>
    internal InputSeries? Series { get; init; }

    /// <summary>The record's <c>content_digest</c>; null if it has none.</summary>
    public string? ContentDigest { get; internal init; }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Whether a temporary file holds some of the bytes.</summary>
    internal bool IsSpilled
    {
        get
        {
            foreach (var segment in _segments.AsSpan(0, _count))
                if (segment.Staged is { IsSpilled: true })
                    return true;
            return false;
        }
    }

    /// <summary>Creates a record from bytes in memory: one JSON object on one line.</summary>
    public static StagedRecord FromBytes(string id, string listId, string submissionId, ReadOnlyMemory<byte> bytes) =>
        new(id, listId, submissionId, [new(bytes)]);

    /// <summary>Writes the record to a stream.</summary>
    public void CopyTo(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ObjectDisposedException.ThrowIf(_disposed, this);
        foreach (var segment in _segments.AsSpan(0, _count))
        {
            if (segment.Staged is { } staged)
                staged.CopyTo(destination);
            else
                destination.Write(segment.Plain.Span);
        }
    }

    /// <summary>Writes the record to a stream.</summary>
    public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ObjectDisposedException.ThrowIf(_disposed, this);
        for (var i = 0; i < _count; i++)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var segment = _segments[i];
            if (segment.Staged is { } staged)
                await staged.CopyToAsync(destination, cancellationToken);
            else
                await destination.WriteAsync(segment.Plain, cancellationToken);
        }
    }

    /// <summary>Releases memory and temporary files; the record cannot be copied afterwards.</summary>
    public ValueTask DisposeAsync()
    {
        if (_disposed)
            return ValueTask.CompletedTask;
        _disposed = true;
        foreach (var segment in _segments.AsSpan(0, _count))
            segment.Staged?.Dispose();
        ArrayPool<Segment>.Shared.Return(_segments, clearArray: true);
        _plain?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A part of the record: plain bytes, or a buffer that the record owns.</summary>
    internal readonly record struct Segment(ReadOnlyMemory<byte> Plain, SpillBuffer? Staged = null);
}
