using Microsoft.Extensions.Logging;
using Pipeline.Collect.Normalize;
using Pipeline.Delivery;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores;

namespace Pipeline.Collect;

/// <summary>A result that was found, read to the end and verified.</summary>
/// <param name="Result">The result document.</param>
/// <param name="SourceUri">Address that it was read from.</param>
/// <param name="ETag">Version of the object; null if the source has no versions.</param>
internal sealed record FoundResult(NormalizedResult Result, string SourceUri, string? ETag) : IDisposable
{
    public void Dispose() => Result.Dispose();
}

/// <summary>
/// Reads a task's result from the submission's prefix in the bucket, or from the API. Addresses come from the ledger,
/// never from a message.
/// </summary>
internal sealed partial class ResultReader(
    ObjectStores objects, NimbleClient nimble, ResultNormalizer normalizer, ILogger<ResultReader> logger)
{
    private int _hasWarnedOfETags;

    /// <summary>Reads a result; null if there is none yet.</summary>
    public async Task<FoundResult?> ReadAsync(
        SubmissionEntry submission, string taskId, bool fromApi, CancellationToken cancellationToken)
    {
        if (fromApi || submission.StorageUrl is null)
        {
            var copy = await nimble.OpenResultsAsync(submission.SubmissionId, taskId, cancellationToken);
            return await NormalizeAsync(submission, copy, "api", nimble.ResultsAddress(taskId), cancellationToken);
        }

        foreach (var uri in Addresses(submission, taskId))
        {
            var read = await objects.OpenAsync(uri, cancellationToken);
            if (await NormalizeAsync(submission, read, uri.Scheme, uri.ToString(), cancellationToken) is { } found)
                return found;
        }
        return null;
    }

    /// <summary>
    /// The addresses that Nimble may have used, the likelier one first. The name says nothing about the compression;
    /// the first bytes do.
    /// </summary>
    private static IEnumerable<ObjectUri> Addresses(SubmissionEntry submission, string taskId)
    {
        var prefix = ObjectUri.Parse(submission.StorageUrl!);
        yield return ObjectNames.For(prefix, taskId, submission.Compressed);
        yield return ObjectNames.For(prefix, taskId, !submission.Compressed);
    }

    private async Task<FoundResult?> NormalizeAsync(
        SubmissionEntry submission, ObjectRead? read, string source, string uri, CancellationToken cancellationToken)
    {
        if (read is null)
            return null;
        await using (read)
        {
            read.TakesDoubt = true;
            var result = await normalizer.NormalizeAsync(
                read.Body, cancellationToken, withText: submission.Series is not null);
            PipelineMetrics.CountResultBytes(source, result.StoredBytes);
            if (read.Doubt is { } doubt)
                Weigh(doubt, result, uri);
            return new(result, uri, read.ETag);
        }
    }

    /// <summary>
    /// Decides whether an ETag that does not match means damage. The checksum of a compressed object and a complete
    /// document are better evidence than an ETag; an uncompressed object has no other checksum.
    /// </summary>
    private void Weigh(string doubt, NormalizedResult result, string uri)
    {
        if (!result.Compressed)
        {
            result.Dispose();
            throw PipelineException.Transient(FailureReasons.ObjectDamaged, $"{uri} {doubt}.");
        }

        if (Interlocked.Exchange(ref _hasWarnedOfETags, 1) == 0)
            LogETag(uri, doubt);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "{Uri} {Doubt}, but its own checksum and its document are intact: this store's ETags are not MD5 hashes. "
        + "Such results are accepted. This warning appears once.")]
    private partial void LogETag(string uri, string doubt);
}
