namespace Pipeline.Export.Tables;

/// <summary>The type of a column's values. Every column may be null.</summary>
internal enum ColumnKind
{
    /// <summary>Text, UTF-8.</summary>
    Text,

    /// <summary>Any JSON value as text.</summary>
    Json,

    /// <summary>A whole number of 64 bits.</summary>
    Number,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A time, UTC; kept as microseconds since 1970.</summary>
    Time,
}

/// <summary>One column of an exported table.</summary>
/// <param name="Name">Its name: lower case, because Spark and SQL ignore case.</param>
/// <param name="Kind">The type of its values.</param>
/// <param name="Path">The member that it is read from, such as <c>source.uri</c>.</param>
/// <param name="IsContent">Whether it holds content of the page, which may be large.</param>
internal sealed record Column(string Name, ColumnKind Kind, string Path, bool IsContent = false)
{
    /// <summary>A column with the name of its member.</summary>
    public static Column Of(string name, ColumnKind kind = ColumnKind.Text) => new(name, kind, name);

    /// <summary>A column of a member of <c>content</c>.</summary>
    public static Column OfContent(string name, ColumnKind kind = ColumnKind.Text) =>
        new(name, kind, $"content.{name}", IsContent: true);

    /// <summary>Whether its values are bytes of UTF-8.</summary>
    public bool IsText => Kind is ColumnKind.Text or ColumnKind.Json;
}
