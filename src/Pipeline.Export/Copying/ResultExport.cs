using Pipeline.Export.Reading;
using Pipeline.Export.Sources;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Model;

namespace Pipeline.Export.Copying;

/// <summary>Copies all results of a source to a target.</summary>
/// <param name="source">The source.</param>
/// <param name="target">The target; the caller commits it.</param>
/// <param name="partitionOf">Returns the partition of a list's rows.</param>
internal sealed class ResultExport(
    IResultSource source, IExportTarget target, Func<string, Partition> partitionOf)
{
    private readonly List<string> _torn = [];
    private long _leftOut;

    /// <summary>Copies records and failures.</summary>
    /// <param name="records">The columns of records.</param>
    /// <param name="withContent">Whether columns of content get values.</param>
    /// <param name="cancellationToken">Stops the copy.</param>
    /// <exception cref="PipelineException">Permanent: a line is damaged.</exception>
    public async Task<ExportCounts> RunAsync(Table records, bool withContent, CancellationToken cancellationToken)
    {
        var recordRows = await CopyAsync(
            records, source.OpenRecordsAsync(ExportPlace.Start, cancellationToken), withContent, cancellationToken);
        var failureRows = await CopyAsync(
            Table.Failures, source.OpenFailuresAsync(ExportPlace.Start, cancellationToken), withContent: true,
            cancellationToken);
        return new(recordRows, failureRows, _leftOut, _torn);
    }

    private async Task<long> CopyAsync(
        Table table, IAsyncEnumerable<ResultFile> files, bool withContent, CancellationToken cancellationToken)
    {
        using var scanner = new RowScanner(table, withContent);
        await using var sink = new RowSink(table, target, partitionOf);
        var rows = 0L;
        await foreach (var file in files)
            await using (file)
                rows += await CopyAsync(table, file, scanner, sink, cancellationToken);
        await sink.CompleteAsync(cancellationToken);
        _leftOut += scanner.LeftOut;
        return rows;
    }

    private async Task<long> CopyAsync(
        Table table, ResultFile file, RowScanner scanner, RowSink sink, CancellationToken cancellationToken)
    {
        using var lines = new RowFile(file.Stream, file.Name);
        var rows = 0L;
        while (await lines.PeekAsync(cancellationToken) is { } head)
        {
            if (!source.Takes(head.Span, isRecord: table.Name == Table.Records.Name))
            {
                await lines.SkipAsync(cancellationToken);
                continue;
            }
            var batch = await sink.OpenAsync(JsonHead.ListOf(head.Span), cancellationToken);
            if (!await lines.ReadAsync(scanner, batch, cancellationToken))
                break;
            await sink.AddedAsync(cancellationToken);
            rows++;
        }
        file.Check(lines.Line);
        if (lines.IsTorn)
            _torn.Add(file.Name);
        return rows;
    }
}

/// <summary>What an export wrote.</summary>
/// <param name="Records">Number of records.</param>
/// <param name="Failures">Number of failures.</param>
/// <param name="LeftOut">Number of texts left out because they were too long.</param>
/// <param name="Torn">Files that end within a line; that line was left out.</param>
internal sealed record ExportCounts(long Records, long Failures, long LeftOut, IReadOnlyList<string> Torn);
