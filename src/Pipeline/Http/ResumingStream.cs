using Pipeline.Stores.Objects;

namespace Pipeline.Http;

/// <summary>What a <see cref="ResumingStream"/> reads, and how to go on with it.</summary>
/// <param name="What">For messages: the object's address.</param>
/// <param name="Length">Bytes in all, where the server tells.</param>
/// <param name="Check">The checksum the bytes must have, where the server tells.</param>
/// <param name="Reopen">Opens the very same version again from an offset (its response is a 206); null where that is impossible.</param>
internal sealed record Download(
    string What, long? Length, ContentCheck? Check, Func<long, CancellationToken, Task<HttpResponseMessage>>? Reopen);

/// <summary>
/// The body of a download: every byte once. A connection that breaks or stalls is replaced by one that goes on at the same byte of the same
/// version; the read that would return 0 throws instead when length or checksum are not what was promised.
/// </summary>
internal sealed class ResumingStream(HttpResponseMessage first, Download download, TimeSpan stallTimeout, int maxResumes, RetryPolicy policy, TimeProvider time)
    : Stream
{
    private CancellationTokenSource _stall = new(Timeout.InfiniteTimeSpan, time);
    private HttpResponseMessage? _response = first;
    private Stream? _body;
    private long _position;
    private int _resumes;
    private bool _whole;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => download.Length ?? throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_whole || buffer.Length == 0)
            return 0;
        while (true)
        {
            ObjectDisposedException.ThrowIf(_response is null, this);
            Exception cause;
            try
            {
                var read = await ReadOnceAsync(buffer, cancellationToken);
                if (read > 0)
                    return Take(buffer.Span[..read]);
                if (download.Length is null || _position == download.Length)
                    return Finish();
                cause = new EndOfStreamException("The body ended early.");
            }
            catch (Exception e) when (RetryingHttp.IsConnectionFault(e, cancellationToken))
            {
                cause = e;
            }

            await ResumeAsync(cause, cancellationToken);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            CloseConnection();
            download.Check?.Dispose();
            _stall.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadOnceAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        // A time-out on the client does not cover the body, so each read has its own.
        var stall = _stall;
        using var _ = cancellationToken.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), stall);
        stall.CancelAfter(stallTimeout);
        try
        {
            _body ??= await _response!.Content.ReadAsStreamAsync(stall.Token);
            return await _body.ReadAsync(buffer, stall.Token);
        }
        finally
        {
            stall.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private int Take(ReadOnlySpan<byte> bytes)
    {
        _position += bytes.Length;
        if (_position > download.Length)
            throw Damaged($"is longer than the {download.Length} bytes it should have");
        download.Check?.Append(bytes);
        return bytes.Length;
    }

    private int Finish()
    {
        if (download.Check is { } check && !check.Matches())
            throw Damaged($"does not have the {check.Name} the store promises");
        _whole = true;
        return 0;
    }

    private async Task ResumeAsync(Exception cause, CancellationToken cancellationToken)
    {
        CloseConnection();
        cancellationToken.ThrowIfCancellationRequested();
        var problem = cause is OperationCanceledException ? $"stalled for {stallTimeout.TotalSeconds:0.#} s" : "was cut off";
        if (download.Reopen is null || ++_resumes > maxResumes)
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"{download.What} {problem} after {_position} of {download.Length?.ToString() ?? "an unknown number of"} bytes{(_resumes > 0 ? $", for the {_resumes}th time" : "")}.",
                inner: cause);
        if (_resumes > 1)
            await Task.Delay(policy.DelayAfter(_resumes - 1), time, cancellationToken);
        if (_stall.IsCancellationRequested)
        {
            _stall.Dispose();
            _stall = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        }

        _response = await download.Reopen(_position, cancellationToken);
        var range = _response.Content.Headers.ContentRange;
        if ((int)_response.StatusCode != 206 || range?.From != _position || (range.Length is { } length && download.Length is { } all && length != all))
            throw Damaged($"changed while it was read: asked to go on at byte {_position}, the store answered {(int)_response.StatusCode} {range}");
    }

    private PipelineException Damaged(string what)
    {
        CloseConnection();
        return PipelineException.Transient(FailureReasons.ObjectDamaged, $"{download.What} {what}.");
    }

    private void CloseConnection()
    {
        _body?.Dispose();
        _response?.Dispose();
        _body = null;
        _response = null;
    }
}
