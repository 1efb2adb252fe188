using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Export.Sources;

/// <summary>The failures of the ledger as JSON lines.</summary>
internal static class FailureFiles
{
    /// <summary>Returns the failures of lists from a position on, each as a file of one line.</summary>
    public static IAsyncEnumerable<ResultFile> ReadAsync(
        FailureReader failures, IEnumerable<string> lists, ExportPlace from, CancellationToken cancellationToken) =>
        ReadAllAsync(failures, lists, cancellationToken).Skip(from.File).Select(failure => new ResultFile(
            $"failure {failure.Id}",
            new MemoryStream(
                [.. JsonSerializer.SerializeToUtf8Bytes(failure, PipelineJson.Plain.Failure), (byte)'\n'])));

    private static async IAsyncEnumerable<Failure> ReadAllAsync(
        FailureReader failures, IEnumerable<string> lists, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var list in lists)
            await foreach (var failure in failures.ReadAsync(list, cancellationToken))
                yield return failure;
    }
}
