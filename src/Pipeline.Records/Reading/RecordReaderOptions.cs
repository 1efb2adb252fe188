namespace Pipeline.Records;

/// <summary>Limits for reading records. The defaults suit web pages.</summary>
public sealed record RecordReaderOptions
{
    /// <summary>
    /// Maximum size of one record in memory, bytes of UTF-8. Content, parsed data and other large members beyond it go
    /// to a temporary file; <see cref="Record.OpenRead"/> reads them. Strings take up to twice as much again. Default:
    /// 16 MiB.
    /// </summary>
    public int MaxMemoryBytes { get; init; } = 16 << 20;

    /// <summary>
    /// Maximum size of one record, decompressed. A longer one is an error. Default: 4 GiB, more than the pipeline
    /// writes with its default limits.
    /// </summary>
    public long MaxRecordBytes { get; init; } = 4L << 30;

    /// <summary>Folder for the temporary file of a large record. Default: the system's.</summary>
    public string TempFolder { get; init; } = Path.GetTempPath();

    /// <summary>Whether to compare <see cref="Record.ContentDigest"/> with the content. Default: true.</summary>
    public bool VerifyDigests { get; init; } = true;

    /// <summary>
    /// Called for each record that cannot be used; reading then continues with the next line. Null: reading throws. A
    /// damaged gzip file always ends the reading, because nothing after the damage can be trusted.
    /// </summary>
    public Action<RecordException>? OnProblem { get; init; }
}
