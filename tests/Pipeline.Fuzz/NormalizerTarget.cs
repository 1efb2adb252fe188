using Pipeline.Collect.Normalize;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Fuzz;

/// <summary>What must hold for any bytes that a bucket may give.</summary>
public static class NormalizerTarget
{
    private static readonly CollectOptions Options = new() { MaxExpandedBytes = 16 << 20 };

    private static readonly RecordContext Context = new()
    {
        ListId = "list",
        SubmissionId = "list-000000",
        BatchId = "batch",
        TaskId = "task",
        Input = new()
        {
            SubmissionId = "list-000000",
            Ordinal = 0,
            Id = "id",
            Url = "https://example.com/",
            Input = """{"url":"https://example.com/"}""",
            Line = 1,
        },
        SharedInputs = "{}",
        SourceUri = "s3://bucket/task.json",
        SourceETag = "etag",
        RequestedAt = DateTimeOffset.UnixEpoch,
        CollectedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>Returns null for an object that is accepted, else the reason of its failure.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken. Any other exception is a bug too.</exception>
    public static string? Check(byte[] stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var (reason, record) = Normalize(new MemoryStream(stored, writable: false));
        var (cutReason, cutRecord) = Normalize(new TrickleStream(stored));
        // If a document has two faults, the cut decides which is found first, but never whether the object is accepted
        // or
        // read again.
        if (IsFinal(reason) != IsFinal(cutReason) || (reason is null) != (cutReason is null)
            || !record.AsSpan().SequenceEqual(cutRecord))
            throw new InvalidOperationException(
                $"The object is {reason ?? "accepted"} in one read but {cutReason ?? "accepted"} in small ones, "
                    + "or its record differs."
            );
        if (reason is null)
            ReferenceReader.Compare(stored, record);
        else if (reason == FailureReasons.ObjectDamaged && ReferenceReader.IsWholePlainDocument(stored))
            throw new InvalidOperationException("A whole document is called damaged.");
        return reason;
    }

    private static bool IsFinal(string? reason) =>
        reason is FailureReasons.ResultInvalid or FailureReasons.LimitExceeded;

    private static (string? Reason, byte[] Record) Normalize(Stream stored)
    {
        try
        {
            using var result = new ResultNormalizer(Options).NormalizeAsync(
                stored, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            var record = RecordComposer.Compose(result, Context);
            using var bytes = new MemoryStream();
            record.CopyTo(bytes);
            record.DisposeAsync().AsTask().GetAwaiter().GetResult();
            return (null, bytes.ToArray());
        }
        catch (PipelineException e) when (
            e is { Reason: FailureReasons.ObjectDamaged,
                IsPermanent: false } or { Reason: FailureReasons.ResultInvalid or FailureReasons.LimitExceeded,
                IsPermanent: true })
        {
            return (e.Reason, []);
        }
    }
}
