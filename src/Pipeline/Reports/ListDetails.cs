using Pipeline.Model;
using Pipeline.Model.Schedules;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Submit.Evidence;

namespace Pipeline.Reports;

/// <summary>Everything that the page of one list shows.</summary>
internal sealed record ListDetail
{
    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>
    /// <c>queued</c> (a schedule has submitted it, and Intake has not read it yet), <c>planning</c>, <c>open</c>,
    /// <c>paused</c>, <c>cancelling</c>, <c>closed</c>, <c>cancelled</c> or <c>refused</c>.
    /// </summary>
    public required string State { get; init; }

    /// <summary>Where it was read from.</summary>
    public string? Source { get; init; }

    /// <summary>Why it was refused, or what a queued list waits for.</summary>
    public string? Message { get; init; }

    /// <summary>When it was accepted, UTC; for a queued list, when its run was due.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was closed or refused, UTC.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Number of duplicates dropped.</summary>
    public required long Duplicates { get; init; }

    /// <summary>How far it is; null unless it is open.</summary>
    public ListProgress? Progress { get; init; }

    /// <summary>Its manifest; null unless it is closed.</summary>
    public Manifest? Manifest { get; init; }

    /// <summary>A sample of outcomes: from the submissions with failures, and the latest.</summary>
    public required OutcomeSample Outcomes { get; init; }

    /// <summary>Number of URLs posted for it, including every retry; null without a budget.</summary>
    public long? BudgetUsed { get; init; }

    /// <summary>Number of URLs that may be posted for it; null without a budget.</summary>
    public long? BudgetUrls { get; init; }

    /// <summary>The list that a schedule submitted last, while Intake has not read it.</summary>
    /// <param name="sender">The schedule.</param>
    /// <param name="message">What it waits for, in a sentence for people.</param>
    public static ListDetail OfQueued(ScheduleEntry sender, string message) => new()
    {
        ListId = sender.LastListId!,
        State = "queued",
        Source = sender.ListName,
        Message = message,
        CreatedAt = sender.LastAt ?? DateTimeOffset.UnixEpoch,
        Duplicates = 0,
        Outcomes = OutcomeSample.None,
    };
}

/// <summary>Reads everything about one list.</summary>
internal sealed class ListDetails(
    ILedger ledger, ListProgressReader progress, OutcomeSampler sampler, IManifestReader manifests, BudgetGuard budget)
{
    /// <summary>Reads everything about a list; null if it is unknown.</summary>
    public async Task<ListDetail?> ReadAsync(string listId, CancellationToken cancellationToken)
    {
        if (!SubmissionIds.IsWellFormed(listId) || await ledger.GetListAsync(listId, cancellationToken) is not { } list)
            return null;
        var open = list.State is ListState.Planning or ListState.Open
            ? (await progress.ReadAsync([list], cancellationToken))[0]
            : null;
        var manifest = list.State == ListState.Closed
            ? await manifests.ReadManifestAsync(listId, cancellationToken)
            : null;
        return new()
        {
            ListId = listId,
            State = ListProgress.WordOf(list),
            Source = list.Source,
            Message = list.Message,
            CreatedAt = list.CreatedAt,
            ClosedAt = list.ClosedAt,
            Duplicates = list.Duplicates,
            Progress = open?.Progress,
            Manifest = manifest,
            Outcomes = open is null
                ? await sampler.SampleAsync(manifest?.Submissions ?? [], cancellationToken)
                : await sampler.SampleAsync([open], cancellationToken),
            BudgetUsed = budget.ListLimit is null ? null : await budget.GetUsedAsync(listId, cancellationToken),
            BudgetUrls = budget.ListLimit,
        };
    }
}
