using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Inputs;
using Pipeline.Cli.Notify;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Reports;
using Pipeline.Reports.Notices;

namespace Pipeline.Cli.Status;

/// <summary>What <c>pipeline status</c> shows.</summary>
/// <param name="Lists">The lists.</param>
/// <param name="Notes">What is to be known besides, such as a full disk; for standard error.</param>
/// <param name="None">What to say where there is no list; null where there is one.</param>
internal sealed record StatusView(IReadOnlyList<ListReport> Lists, IReadOnlyList<string> Notes, string? None)
{
    /// <summary>Whether work on a list may go on.</summary>
    public bool IsOpen => Lists.Any(list => list.State is ListState.Planning or ListState.Open);
}

/// <summary>Reads the state of lists.</summary>
/// <param name="services">The services of the store.</param>
/// <param name="settings">What the command was asked for.</param>
/// <param name="listId">The only list to read; null for several.</param>
/// <param name="all">Whether closed lists are read too.</param>
internal sealed class StatusReader(IServiceProvider services, RunSettings settings, string? listId, bool all)
{
    /// <summary>Maximum number of closed lists that are shown.</summary>
    public const int MaxClosed = 50;

    private const int MaxNamed = 5;

    private readonly StatusReporter _reporter = services.GetRequiredService<StatusReporter>();
    private readonly RestoreNotice _restore = services.GetRequiredService<RestoreNotice>();

    /// <summary>Reads it.</summary>
    public async Task<StatusView> ReadAsync(CancellationToken cancellationToken)
    {
        var problem = settings.WorkStore.FindProblem();
        var notes = new List<string>();
        if (problem is not null)
            notes.Add(problem);
        if (listId is null)
            notes.AddRange(await UndeliveredNote.ReadAsync(services, settings, cancellationToken));
        var lists = listId is null
            ? await ReadAllAsync(notes, cancellationToken)
            : [await ReadOneAsync(cancellationToken)];
        var view = new StatusView(
            [.. lists.Select(list => list with { Problem = problem })], notes,
            lists.Count == 0 ? await DescribeNoneAsync(cancellationToken) : null);
        if ((listId is null || view.IsOpen) && await _restore.ReadAsync(cancellationToken) is { } restored)
            notes.Add(CommandsInText.Complete(restored, settings.StateArguments));
        return view;
    }

    private async Task<ListReport> ReadOneAsync(CancellationToken cancellationToken) =>
        (SubmissionIds.IsWellFormed(listId!) ? await _reporter.GetListAsync(listId!, cancellationToken) : null)
        ?? throw ListArguments.Unknown(
            settings, listId!, " A list that was put on the queue by hand is known once it was read.");

    private async Task<IReadOnlyList<ListReport>> ReadAllAsync(List<string> notes, CancellationToken cancellationToken)
    {
        var open = await _reporter.GetOpenListsAsync(cancellationToken);
        var ids = open.OpenLists.Concat(open.RefusedLists.Select(list => list.ListId)).ToList();
        if (all)
        {
            var closed = await services.GetRequiredService<IListCatalog>()
                .GetClosedPageAsync(null, MaxClosed + 1, cancellationToken);
            ids.AddRange(closed.Take(MaxClosed).Select(list => list.ListId).Except(ids));
            if (closed.Count > MaxClosed)
                notes.Add($"There are more closed lists; the {MaxClosed} newest are shown. The pages show all.");
        }
        var reports = new List<ListReport>();
        foreach (var id in ids)
            if (await _reporter.GetListAsync(id, cancellationToken) is { } report)
                reports.Add(report);
        return reports;
    }

    /// <summary>Names lists that are closed, because somebody who asks has usually just finished one.</summary>
    private async Task<string> DescribeNoneAsync(CancellationToken cancellationToken)
    {
        var closed = await services.GetRequiredService<ILedger>().GetListIdsAsync(cancellationToken)
            .Take(MaxNamed + 1).ToListAsync(cancellationToken);
        return closed.Count == 0
            ? "No list is open, and none was submitted here before."
            : $"No list is open. Closed: {string.Join(", ", closed.Take(MaxNamed))}"
                + $"{(closed.Count > MaxNamed ? " and more" : "")}. "
                + $"'{Shell.Command(settings, "status --all")}' shows them.";
    }
}
