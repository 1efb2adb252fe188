using Microsoft.Extensions.Logging;
using Pipeline.Collect.Normalize;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores;

namespace Pipeline.Collect;

/// <summary>A result that was found, read to its end and verified.</summary>
/// <param name="Result">What it says.</param>
/// <param name="SourceUri">Where it was read.</param>
/// <param name="ETag">Its version there, if the place has versions.</param>
internal sealed record FoundResult(NormalizedResult Result, string SourceUri, string? ETag) : IDisposable
{
    public void Dispose() => Result.Dispose();
}

/// <summary>Finds a task's result: in the submission's own prefix of the bucket, or at the API. Addresses are built from the ledger, never taken from a message.</summary>
internal sealed partial class ResultReader(ObjectStores objects, NimbleClient nimble, ResultNormalizer normalizer, ILogger<ResultReader> logger)
{
    private int _toldOfETags;

    /// <summary>Reads a result; null when it is not there (yet).</summary>
    public async Task<FoundResult?> ReadAsync(SubmissionEntry submission, string taskId, bool fromApi, CancellationToken cancellationToken)
    {
        if (fromApi || submission.StorageUrl is null)
            return await NormalizeAsync(await nimble.OpenResultsAsync(taskId, cancellationToken), nimble.ResultsAddress(taskId), cancellationToken);
        foreach (var uri in Addresses(submission, taskId))
            if (await NormalizeAsync(await objects.OpenAsync(uri, cancellationToken), uri.ToString(), cancellationToken) is { } found)
                return found;
        return null;
    }

    /// <summary>Where Nimble may have put it, the likelier name first. What the bytes are is told by the bytes.</summary>
    private static IEnumerable<ObjectUri> Addresses(SubmissionEntry submission, string taskId)
    {
        var prefix = ObjectUri.Parse(submission.StorageUrl!);
        yield return ObjectNames.For(prefix, taskId, submission.Compressed);
        yield return ObjectNames.For(prefix, taskId, !submission.Compressed);
    }

    private async Task<FoundResult?> NormalizeAsync(ObjectRead? read, string uri, CancellationToken cancellationToken)
    {
        if (read is null)
            return null;
        await using (read)
        {
            read.TakesDoubt = true;
            var result = await normalizer.NormalizeAsync(read.Body, cancellationToken);
            if (read.Doubt is { } doubt)
                Weigh(doubt, result, uri);
            return new(result, uri, read.ETag);
        }
    }

    /// <summary>Gzip's own checksum and length, and a complete document, weigh more than an ETag; without gzip nothing does.</summary>
    private void Weigh(string doubt, NormalizedResult result, string uri)
    {
        if (!result.Compressed)
        {
            result.Dispose();
            throw PipelineException.Transient(FailureReasons.ObjectDamaged, $"{uri} {doubt}.");
        }

        if (Interlocked.Exchange(ref _toldOfETags, 1) == 0)
            LogETag(uri, doubt);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Uri} {Doubt}, but its gzip checksum, its length and its document are right: this store's ETags are no MD5s. Results are taken; this is said once.")]
    private partial void LogETag(string uri, string doubt);
}
