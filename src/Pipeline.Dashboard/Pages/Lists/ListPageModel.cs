using Pipeline.Dashboard.Acting;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Lists;

/// <summary>One list.</summary>
/// <param name="Entry">Its entry in the ledger.</param>
/// <param name="Open">How far it is; null if it is closed or refused.</param>
/// <param name="Finished">How it ended; null if it is open or refused.</param>
/// <param name="Failures">Its failures by reason and domain, of the submissions that were read.</param>
/// <param name="IsSample">Whether more submissions have failures than were read.</param>
/// <param name="Action">What somebody last asked for here, and how far it is; null for nothing.</param>
internal sealed record ListPageModel(
    ListEntry Entry, OpenList? Open, FinishedList? Finished, IReadOnlyList<FailureGroup> Failures, bool IsSample,
    ActionReport? Action)
{
    /// <summary>Whether a replay may mend some of its failures, as far as they were read.</summary>
    public bool MayReplay => Failures.Count > 0 && (IsSample || Failures.Any(group => group.IsFree));

    /// <summary>Whether some of its failures can be posted again, as far as they were read.</summary>
    public bool MayPostAgain =>
        Failures.Count > 0 && (IsSample || Failures.Any(group => FailureRemedies.Of(group.Reason).Resubmits));
}

/// <summary>All lists.</summary>
/// <param name="Filter">Which open lists.</param>
/// <param name="Action">What somebody last asked for, for many lists; null for nothing.</param>
/// <param name="Open">A page of open lists.</param>
/// <param name="NextOpen">The path of the next page; null if there is none.</param>
/// <param name="Finished">A page of closed lists.</param>
/// <param name="NextFinished">The path of the next page; null if there is none.</param>
internal sealed record ListsPageModel(
    ListFilter Filter, ActionReport? Action, IReadOnlyList<ListProgress> Open, string? NextOpen,
    IReadOnlyList<FinishedList> Finished, string? NextFinished);

/// <summary>Inputs of a list.</summary>
/// <param name="Entry">The list.</param>
/// <param name="Filter">Which inputs.</param>
/// <param name="Page">The inputs.</param>
/// <param name="Next">The path of the next page; null if there is none.</param>
internal sealed record InputRowsModel(ListEntry Entry, RowFilter Filter, InputPage Page, string? Next);
