using RazorSlices;

namespace Pipeline.Dashboard.Pages.Views;

/// <summary>
/// A page or a part of one. RazorSlices' own typed slices need public models, and ours stay internal.
/// </summary>
internal abstract class View<TModel> : RazorSlice
{
    /// <summary>What it shows.</summary>
    public TModel Model { get; set; } = default!;

    /// <summary>The request that it answers.</summary>
    public PageContext Page { get; set; } = null!;
}

/// <summary>Fills views.</summary>
internal static class ViewExtensions
{
    /// <summary>Gives a view what it shows.</summary>
    public static RazorSlice With<TModel>(this RazorSlice view, PageContext page, TModel model)
    {
        var typed = (View<TModel>)view;
        (typed.Page, typed.Model) = (page, model);
        return view;
    }
}
