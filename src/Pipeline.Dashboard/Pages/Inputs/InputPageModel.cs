using Pipeline.Reports.History;

namespace Pipeline.Dashboard.Pages.Inputs;

/// <summary>One input.</summary>
/// <param name="History">All that is known of it.</param>
/// <param name="Preview">What its record can show; null without a record, or one that is too large.</param>
/// <param name="Shown">The view that is shown.</param>
internal sealed record InputPageModel(InputHistory History, RecordPreview? Preview, string? Shown);

/// <summary>Inputs that a search found.</summary>
/// <param name="Query">What was searched for.</param>
/// <param name="Found">The inputs; null if the text can be none of what is searched.</param>
internal sealed record SearchPageModel(string Query, Explanation? Found);
