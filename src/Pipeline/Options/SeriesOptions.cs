namespace Pipeline.Options;

/// <summary>What decides whether a record changed since the last run of its series.</summary>
public enum SeriesCompare
{
    /// <summary>The text that a reader sees, whatever its markup and white space.</summary>
    Text,

    /// <summary>Every byte of the content.</summary>
    Raw,
}

/// <summary>Which records of a series are announced.</summary>
public enum SeriesEmit
{
    /// <summary>All records.</summary>
    All,

    /// <summary>New and changed records; the others are stored all the same.</summary>
    Changed,
}

/// <summary>Settings for lists that are runs of a series.</summary>
public sealed class SeriesOptions : ISettings
{
    /// <summary>
    /// What decides that a record changed: <c>text</c>, its visible text, or <c>raw</c>, all of its content. A
    /// different HTTP status counts in both cases.
    /// </summary>
    public SeriesCompare Compare { get; set; } = SeriesCompare.Text;

    /// <summary>
    /// Which records of a series are announced: <c>all</c>, or <c>changed</c>, without those that are the same. All are
    /// stored.
    /// </summary>
    public SeriesEmit Emit { get; set; } = SeriesEmit.All;
}
