using System.Runtime.CompilerServices;
using DuckDB.NET.Data;
using Pipeline.Export.Copying;
using Pipeline.Export.Sources;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;

namespace Pipeline.Benchmarks;

/// <summary>The ways from a folder of results to a Parquet file with their content.</summary>
internal static class ExportRows
{
    /// <summary>Our way: verify and normalize each result, and export its record.</summary>
    public static async Task NormalizeAndExportAsync(string folder, string path)
    {
        await using var target = new FileTarget(path, new(ExportFormat.Parquet));
        await new ResultExport(new Corpus(folder), target, _ => Partition.None)
            .RunAsync(Table.Records, withContent: true, CancellationToken.None);
        await target.CommitAsync(CancellationToken.None);
    }

    /// <summary>Runs a statement of DuckDB on two threads.</summary>
    public static void RunDuckDb(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SET threads=2; {sql}";
        command.ExecuteNonQuery();
    }

    private sealed class Corpus(string folder) : IResultSource
    {
        public async IAsyncEnumerable<ResultFile> OpenRecordsAsync(
            ExportPlace from, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            using var record = new MemoryStream();
            foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                await using var stored = File.OpenRead(path);
                record.SetLength(0);
                await Rows.NormalizeAsync(stored, record);
                record.WriteByte((byte)'\n');
                yield return new(path, new MemoryStream(record.GetBuffer(), 0, (int)record.Length));
            }
        }

        public IAsyncEnumerable<ResultFile> OpenFailuresAsync(
            ExportPlace from, CancellationToken cancellationToken) =>
            AsyncEnumerable.Empty<ResultFile>();

        public bool Takes(ReadOnlySpan<byte> head, bool isRecord) => true;

        public DateTimeOffset? ClosedAt(string listId) => null;
    }
}
