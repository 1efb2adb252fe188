namespace Pipeline.Export.Sources;

/// <summary>A position between two rows.</summary>
/// <param name="File">The file, from 0.</param>
/// <param name="Line">Number of its lines before the position.</param>
internal readonly record struct ExportPlace(int File, long Line)
{
    /// <summary>The position before the first row.</summary>
    public static readonly ExportPlace Start = new(0, 0);
}
