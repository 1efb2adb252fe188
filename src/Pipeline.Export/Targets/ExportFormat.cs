namespace Pipeline.Export.Targets;

/// <summary>The formats of an export.</summary>
internal enum ExportFormat
{
    Parquet,
    Csv,
    Ndjson,
    Sqlite,
}

/// <summary>The style of an export's files.</summary>
/// <param name="Format">The format.</param>
/// <param name="Compression">The compression of Parquet.</param>
/// <param name="ForSpreadsheets">Whether CSV is safe to open in a spreadsheet.</param>
internal sealed record FileStyle(
    ExportFormat Format,
    Writing.ParquetCompression Compression = Writing.ParquetCompression.Snappy,
    bool ForSpreadsheets = true)
{
    /// <summary>Extension of the file name, with its dot.</summary>
    public string Extension => Format switch
    {
        ExportFormat.Sqlite => ".sqlite",
        _ => $".{Format}".ToLowerInvariant(),
    };
}
