using Pipeline.Ledger;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores.Objects;

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
internal sealed class ResultReader(ObjectStores objects, NimbleClient nimble, ResultNormalizer normalizer)
{
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
            return new(await normalizer.NormalizeAsync(read.Body, cancellationToken), uri, read.ETag);
    }
}
