using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Staging;

namespace Pipeline.Collect.Normalize;

/// <summary>
/// Reads a stored result in one pass, verifies it and splits it into fields. Memory is bounded whatever the document's
/// size. Safe for concurrent use.
/// </summary>
internal sealed class ResultNormalizer(CollectOptions options)
{
    private readonly StagingPool _staging = new(options.StagingBytes);

    // Grows to the highest concurrency seen; idle readers hold no buffers.
    private readonly ConcurrentBag<DocumentReader> _idle = [];

    /// <summary>
    /// Reads to the end of <paramref name="stored"/>, which stays open. The caller disposes the result.
    /// </summary>
    /// <param name="stored">The stored object.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <param name="withText">
    /// Whether to compute the digest of the visible text too. Only runs of a series need it.
    /// </param>
    /// <exception cref="PipelineException">
    /// <see cref="FailureReasons.ObjectDamaged"/> (transient: truncated, altered or incomplete; a later read may
    /// succeed), <see cref="FailureReasons.ResultInvalid"/> (permanent: intact, but not a result document) or <see
    /// cref="FailureReasons.LimitExceeded"/> (permanent). A damaged object is always reported as damaged, whatever its
    /// bytes look like.
    /// </exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<NormalizedResult> NormalizeAsync(
        Stream stored, CancellationToken cancellationToken, bool withText = false)
    {
        if (!_idle.TryTake(out var reader))
            reader = new(options, _staging);
        NormalizedResult result;
        using (reader)
            result = await reader.ReadAsync(stored, cancellationToken, withText);
        // Reuse a reader only after success: an exception may leave it in an unusable state.
        _idle.Add(reader);
        return result;
    }
}
