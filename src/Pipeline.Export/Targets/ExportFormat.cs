namespace Pipeline.Export.Targets;

/// <summary>The formats of an export.</summary>
internal enum ExportFormat
{
    Parquet,
    Csv,
    Ndjson,
    Sqlite,
}

/// <summary>How the files of an export are written.</summary>
/// <param name="Format">The format.</param>
/// <param name="Compression">The compression of Parquet.</param>
/// <param name="ForSpreadsheets">Whether CSV is safe to open in a spreadsheet.</param>
internal sealed record FileStyle(
    ExportFormat Format,
    Writing.ParquetCompression Compression = Writing.ParquetCompression.Snappy,
    bool ForSpreadsheets = true)
{
    /// <summary>The ending of a file's name, with its dot.</summary>
    public string Extension => Format switch
    {
        ExportFormat.Sqlite => ".sqlite",
        _ => $".{Format}".ToLowerInvariant(),
    };
}
