using Pipeline.Model;

namespace Pipeline.Export.Sources;

/// <summary>The results to export.</summary>
internal interface IResultSource
{
    /// <summary>Opens the files of records, one after the other. The caller disposes each.</summary>
    /// <param name="from">
    /// The position of the first wanted row. The first file is the one of this position; it may begin with earlier
    /// lines, as <see cref="ResultFile.Skipped"/> says.
    /// </param>
    /// <param name="cancellationToken">Stops the reading.</param>
    IAsyncEnumerable<ResultFile> OpenRecordsAsync(ExportPlace from, CancellationToken cancellationToken);

    /// <summary>Opens the files of failures in the same way. Called after the records were read.</summary>
    IAsyncEnumerable<ResultFile> OpenFailuresAsync(ExportPlace from, CancellationToken cancellationToken);

    /// <summary>Whether a row is exported, according to the start of its JSON.</summary>
    bool Takes(ReadOnlySpan<byte> head, bool isRecord);

    /// <summary>Returns when a list was closed; null for an open or unknown list.</summary>
    DateTimeOffset? ClosedAt(string listId);
}

/// <summary>A file of JSON lines.</summary>
/// <param name="Name">Its path or address.</param>
/// <param name="Stream">Its content, decompressed.</param>
/// <param name="Lines">Number of lines that it must have; null if unknown.</param>
/// <param name="Skipped">Number of lines before those in the stream.</param>
internal sealed record ResultFile(string Name, Stream Stream, long? Lines = null, long Skipped = 0) : IAsyncDisposable
{
    /// <summary>Compares the number of lines read with the expected number.</summary>
    /// <exception cref="PipelineException">Permanent: they differ.</exception>
    public void Check(long lines)
    {
        if (Lines is { } expected && expected != lines)
            throw PipelineException.Permanent(
                FailureReasons.ObjectDamaged, $"'{Name}' has {Amount.Of(lines, "record")} instead of {expected}.");
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
