namespace Pipeline.Dashboard.Pages.Views;

/// <summary>A whole page around its content.</summary>
/// <param name="Title">The title of the window, without the name of the program.</param>
/// <param name="Section">
/// The entry of the navigation that it belongs to: <c>overview</c>, <c>lists</c>, <c>schedules</c>,
/// <c>submit</c>.
/// </param>
/// <param name="Content">The rendered content.</param>
/// <param name="Updated">When that was read, for people.</param>
/// <param name="IsLive">Whether it keeps itself current.</param>
/// <param name="Query">What was searched for.</param>
internal sealed record LayoutModel(
    string Title, string? Section, string Content, string Updated, bool IsLive, string? Query);
