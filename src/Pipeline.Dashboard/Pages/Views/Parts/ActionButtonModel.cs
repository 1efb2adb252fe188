namespace Pipeline.Dashboard.Pages.Views.Parts;

/// <summary>A button that acts at once.</summary>
/// <param name="Path">Where it posts to.</param>
/// <param name="Text">What it does.</param>
/// <param name="Style"><c>main</c>, <c>danger</c> or null.</param>
/// <param name="Fields">Further hidden fields.</param>
internal sealed record ActionButtonModel(
    string Path, string Text, string? Style, params IReadOnlyList<(string Name, string? Value)> Fields)
{
    /// <summary>What it acts on, for readers who do not see its row; null on a page about one thing.</summary>
    public string? About { get; init; }
}
