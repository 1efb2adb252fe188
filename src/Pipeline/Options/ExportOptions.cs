namespace Pipeline.Options;

/// <summary>The format of the files that are written when a list closes.</summary>
public enum ClosedListFormat
{
    /// <summary>No files.</summary>
    None,

    /// <summary>Parquet files.</summary>
    Parquet,
}

/// <summary>Whether these files hold the content of the pages.</summary>
public enum ExportedContent
{
    /// <summary>They do.</summary>
    Inline,

    /// <summary>The columns of content are empty.</summary>
    None,
}

/// <summary>Settings of the export at each list's close.</summary>
public sealed class ExportOptions : ISettings
{
    /// <summary>The format of the files.</summary>
    public ClosedListFormat Format { get; set; } = ClosedListFormat.None;

    /// <summary>Whether the files hold the content of the pages.</summary>
    public ExportedContent Content { get; set; } = ExportedContent.Inline;

    /// <summary>Size of a file, in bytes, at which the next one begins.</summary>
    [Range<long>("1048576", "1073741824")]
    public long PartBytes { get; set; } = 128 << 20;
}
