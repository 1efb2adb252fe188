using System.Globalization;
using Pipeline.Dashboard.Acting;

namespace Pipeline.Dashboard.Pages.Views;

/// <summary>A question before an action that costs or cannot be undone.</summary>
/// <param name="Title">The question.</param>
/// <param name="Facts">What will happen, a sentence each.</param>
/// <param name="Path">Where the answer is posted to.</param>
/// <param name="Button">What the button says.</param>
/// <param name="Back">The page to go back to.</param>
/// <param name="Fields">Hidden fields of the form.</param>
internal sealed record ConfirmModel(
    string Title, IReadOnlyList<string> Facts, string Path, string Button, string Back,
    params IReadOnlyList<(string Name, string? Value)> Fields)
{
    /// <summary>To how many things the answer agrees; null where it is about one.</summary>
    public long? Count { get; init; }

    /// <summary>All fields of the form.</summary>
    public IReadOnlyList<(string Name, string? Value)> AllFields =>
        Count is { } count ? [.. Fields, (Confirmed.Field, count.ToString(CultureInfo.InvariantCulture))] : Fields;

    /// <summary>The same question, asked once more for a reason.</summary>
    public ConfirmModel Again(string reason) => this with { Facts = [reason, .. Facts] };
}
