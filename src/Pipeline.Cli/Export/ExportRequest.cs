using System.CommandLine;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Export.Writing;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Cli.Export;

/// <summary>What <c>pipeline export</c> is asked for.</summary>
/// <param name="Sources">The folder, and ids of lists.</param>
/// <param name="Series">The series whose runs are exported; null for any list.</param>
/// <param name="Path">The file or folder to write; absolute.</param>
/// <param name="Style">How files are written.</param>
/// <param name="Records">The columns of records.</param>
/// <param name="WithContent">Whether content is exported.</param>
/// <param name="ByDate">Whether each day has a folder.</param>
/// <param name="ByList">Whether each list has a folder.</param>
internal sealed record ExportRequest(
    IReadOnlyList<string> Sources,
    string? Series,
    string Path,
    FileStyle Style,
    Table Records,
    bool WithContent,
    bool ByDate,
    bool ByList)
{
    private const string Inline = "inline", None = "none", Date = "date", List = "list";

    private static readonly Argument<string[]> SourceArgument = new Argument<string[]>("LIST_ID|DIR")
    {
        Description = "The output folder of a run, and ids of lists. Default: all lists in pipeline-out. "
            + "In a storage account (AzureWebJobsStorage), name the lists.",
        Arity = ArgumentArity.ZeroOrMore,
    }.RefusingOptions();
    private static readonly Option<string?> FormatOption = new("--format")
    {
        Description = "parquet, csv, ndjson or sqlite. Default: what the name of --out ends with.",
        HelpName = "FORMAT",
    };
    private static readonly Option<string?> SeriesOption = new("--series")
    {
        Description = "Export the completed runs of this series.", HelpName = "NAME",
    };
    private static readonly Option<string?> OutOption = new("--out")
    {
        Description = "File to write; with --partition, a folder. An earlier export is replaced.",
        HelpName = "PATH",
    };
    private static readonly Option<string?> ColumnsOption = new("--columns")
    {
        Description = "Columns of records, such as url,http_status,html. Default: all.", HelpName = "NAME,...",
    };
    private static readonly Option<string?> ContentOption = new("--content")
    {
        Description = "inline: with the pages' content. none: those columns stay empty. Default: inline, csv none.",
        HelpName = "MODE",
    };
    private static readonly Option<string?> PartitionOption = new("--partition")
    {
        Description = "A folder for each day on which a list closed (date), for each list, or both: date,list.",
        HelpName = "BY",
    };
    private static readonly Option<string?> CompressionOption = new("--compression")
    {
        Description = "Of parquet: snappy (default), or zstd for smaller files that fewer programs read.",
        HelpName = "METHOD",
    };
    private static readonly Option<bool> NoEscapeOption = new("--no-escape")
    {
        Description = "CSV for programs: texts as they are, no byte order mark. Do not open it in a spreadsheet.",
    };

    /// <summary>Adds the options to the command.</summary>
    public static void AddTo(Command command)
    {
        command.Add(SourceArgument);
        foreach (var option in new Option[]
        {
            SeriesOption, OutOption, FormatOption, ColumnsOption, ContentOption, PartitionOption, CompressionOption,
            NoEscapeOption,
        })
            command.Add(option);
    }

    /// <summary>Reads and checks them.</summary>
    /// <exception cref="PipelineException">Permanent: one of them cannot be used.</exception>
    public static ExportRequest Read(ParseResult parsed)
    {
        var path = parsed.GetValue(OutOption);
        if (string.IsNullOrWhiteSpace(path))
            throw Wrong("Name the file to write: --out results.parquet.");
        var format = ReadFormat(parsed.GetValue(FormatOption), path);
        var partitions = Split(parsed.GetValue(PartitionOption));
        if (partitions.FirstOrDefault(by => by is not (Date or List)) is { } unknown)
            throw Wrong($"--partition is {DisplayText.Quote(unknown)}. Write {Date}, {List}, or {Date},{List}.");
        if (partitions.Count > 0 && format == ExportFormat.Sqlite)
            throw Wrong("--partition writes a folder, and SQLite is one file. Use another --format.");
        var names = Split(parsed.GetValue(ColumnsOption));
        return new(
            parsed.GetValue(SourceArgument) ?? [],
            parsed.GetValue(SeriesOption),
            System.IO.Path.GetFullPath(path),
            new(format, ReadCompression(parsed.GetValue(CompressionOption)), !parsed.GetValue(NoEscapeOption)),
            names.Count == 0 ? Table.Records : Table.Records.Select(names),
            ReadContent(parsed.GetValue(ContentOption), format),
            partitions.Contains(Date),
            partitions.Contains(List));
    }

    private static ExportFormat ReadFormat(string? text, string path) =>
        (text ?? System.IO.Path.GetExtension(path).TrimStart('.')).ToLowerInvariant() switch
        {
            "parquet" => ExportFormat.Parquet,
            "csv" => ExportFormat.Csv,
            "ndjson" or "jsonl" => ExportFormat.Ndjson,
            "sqlite" or "sqlite3" or "db" => ExportFormat.Sqlite,
            _ when text is null => throw Wrong(
                $"The name of --out ({DisplayText.Quote(path)}) does not say in which format to write. "
                    + "Add --format parquet, csv, ndjson or sqlite."),
            _ => throw Wrong($"--format is {DisplayText.Quote(text)}. Write parquet, csv, ndjson or sqlite."),
        };

    private static ParquetCompression ReadCompression(string? text) => text switch
    {
        null or "snappy" => ParquetCompression.Snappy,
        "zstd" => ParquetCompression.Zstd,
        _ => throw Wrong($"--compression is {DisplayText.Quote(text)}. Write snappy or zstd."),
    };

    private static bool ReadContent(string? text, ExportFormat format) => text switch
    {
        // A spreadsheet holds at most 32,767 characters in a cell.
        null => format != ExportFormat.Csv,
        Inline => true,
        None => false,
        _ => throw Wrong($"--content is {DisplayText.Quote(text)}. Write {Inline} or {None}."),
    };

    private static IReadOnlyList<string> Split(string? text) =>
        text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static PipelineException Wrong(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
