using System.Globalization;
using System.Runtime.CompilerServices;
using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Http;

/// <summary>What a <see cref="ResumingStream"/> reads, and how to resume it.</summary>
/// <param name="What">The object's address, for messages.</param>
/// <param name="Length">Size in bytes; null if the server does not give it.</param>
/// <param name="Check">The expected checksum; null if the server does not give one.</param>
/// <param name="Reopen">
/// Reopens the same version from an offset (its response is a 206); null if that is not possible.
/// </param>
internal sealed record Download(
    string What, long? Length, ContentCheck? Check, Func<long, CancellationToken, Task<HttpResponseMessage>>? Reopen);

/// <summary>
/// The body of a download, every byte exactly once. A connection that breaks, stalls or is too slow is replaced by one
/// that continues at the same byte of the same version. At the end, a read throws if length or checksum do not match.
/// </summary>
internal sealed class ResumingStream(
    HttpResponseMessage first, Download download, TimeLimits limits, int maxResumes, RetryPolicy policy,
    TimeProvider time)
    : ForwardStream
{
    private readonly long _opened = time.GetTimestamp();
    private HttpResponseMessage? _response = first;
    private TimedReader _reader = new(limits, time);
    private Stream? _body;
    private long _position;
    private int _resumes;
    private bool _whole;

    /// <inheritdoc cref="Pipeline.Ports.ObjectRead.TakesDoubt"/>
    public bool TakesDoubt { get; set; }

    /// <inheritdoc cref="Pipeline.Ports.ObjectRead.Doubt"/>
    public string? Doubt { get; private set; }

    public override long Length => download.Length ?? throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
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
                _body ??= await _response.Content.ReadAsStreamAsync(cancellationToken);
                var read = await _reader.ReadAsync(_body, buffer, cancellationToken);
                if (read > 0)
                    return Take(buffer.Span[..read]);
                if (download.Length is null || _position == download.Length)
                    return Finish();
                cause = new EndOfStreamException("The body ended early.");
            }
            catch (Exception e) when (Faults.IsOfConnection(e, cancellationToken))
            {
                cause = e;
            }

            await ResumeAsync(cause, cancellationToken);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            CloseConnection();
            download.Check?.Dispose();
        }

        base.Dispose(disposing);
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
        {
            Doubt = $"does not have the {check.Name} the store promises";
            if (!check.IsWeak || !TakesDoubt)
                throw Damaged(Doubt);
        }

        _whole = true;
        return 0;
    }

    private async Task ResumeAsync(Exception cause, CancellationToken cancellationToken)
    {
        CloseConnection();
        cancellationToken.ThrowIfCancellationRequested();
        if (download.Reopen is null || ++_resumes > maxResumes || time.GetElapsedTime(_opened) >= limits.Total)
            throw GivenUp(cause);
        if (_resumes > 1)
            await Task.Delay(policy.DelayAfter(_resumes - 1), time, cancellationToken);
        _response = await download.Reopen(_position, cancellationToken);
        _reader = new(limits, time);
        var range = _response.Content.Headers.ContentRange;
        if ((int)_response.StatusCode != 206 || range?.From != _position
            || (range.Length is { } length && download.Length is { } all && length != all))
            throw Damaged(
                $"changed while it was read: asked to continue at byte {_position}, the store answered "
                    + $"{(int)_response.StatusCode} {range}");
    }

    private PipelineException GivenUp(Exception cause)
    {
        var problem = cause.InnerException is OperationCanceledException ? cause.Message : "was cut off";
        var size = download.Length?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number of";
        var again = _resumes > 0 ? $" (attempt {_resumes} of {maxResumes + 1})" : "";
        return PipelineException.Transient(
            FailureReasons.Unavailable, $"{download.What} {problem} after {_position} of {size} bytes{again}.",
            inner: cause);
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
        _reader.Dispose();
        _body = null;
        _response = null;
    }
}
