using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Staging;

namespace Pipeline.Collect.Normalize;

/// <summary>
/// Reads a stored result once, front to back, verifies it and takes it apart. Memory is bounded whatever the document's size. Safe for concurrent use.
/// </summary>
internal sealed class ResultNormalizer(CollectOptions options)
{
    private readonly StagingPool _staging = new(options.StagingBytes);

    // As many as ever were in use at once; they hold no buffers meanwhile.
    private readonly ConcurrentBag<DocumentReader> _idle = [];

    /// <summary>Reads to the end of <paramref name="stored"/>, which stays open. The caller disposes the result.</summary>
    /// <exception cref="PipelineException">
    /// <see cref="FailureReasons.ObjectDamaged"/> (transient: truncated, altered or incomplete; a later read may be whole),
    /// <see cref="FailureReasons.ResultInvalid"/> (permanent: proven whole, but not a result document),
    /// <see cref="FailureReasons.LimitExceeded"/> (permanent). A damaged object is called damaged, whatever else its bytes may look like.
    /// </exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<NormalizedResult> NormalizeAsync(Stream stored, CancellationToken cancellationToken)
    {
        if (!_idle.TryTake(out var reader))
            reader = new(options, _staging);
        NormalizedResult result;
        using (reader)
            result = await reader.ReadAsync(stored, cancellationToken);
        // Only a reader that came to the end of a whole document is used again: what an exception left half done ends with it.
        _idle.Add(reader);
        return result;
    }
}
