using RazorSlices;

namespace Pipeline.Emulator.Overview;

/// <summary>
/// The page or a part of it. RazorSlices' own typed slices need public models, and ours stay internal.
/// </summary>
internal abstract class View : RazorSlice
{
    /// <summary>The content to show.</summary>
    public OverviewModel Model { get; set; } = null!;
}

/// <summary>Fills views.</summary>
internal static class ViewExtensions
{
    /// <summary>Sets the content of a view.</summary>
    public static RazorSlice With(this RazorSlice view, OverviewModel model)
    {
        ((View)view).Model = model;
        return view;
    }
}
