using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Reports;

namespace Pipeline.Export.Sources;

/// <summary>The failures of the ledger as JSON lines.</summary>
internal static class FailureFiles
{
    /// <summary>Returns the failures of a list, each as a file of one line.</summary>
    public static async IAsyncEnumerable<ResultFile> ReadAsync(
        FailureReader failures, string listId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var failure in failures.ReadAsync(listId, cancellationToken))
            yield return new(
                $"failure {failure.Id}",
                new MemoryStream(
                    [.. JsonSerializer.SerializeToUtf8Bytes(failure, PipelineJson.Plain.Failure), (byte)'\n']));
    }
}
