using Pipeline.Model;

namespace Pipeline.Ports.Reading;

/// <summary>Reads records back.</summary>
internal interface IRecordReader
{
    /// <summary>
    /// Opens the record of an input: one line of JSON without a line feed, in UTF-8. Null if there is none.
    /// </summary>
    /// <exception cref="PipelineException">The store is unavailable.</exception>
    Task<Stream?> OpenRecordAsync(string listId, InputEntry recorded, CancellationToken cancellationToken);
}
