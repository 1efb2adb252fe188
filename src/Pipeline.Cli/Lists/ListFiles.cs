using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Settings;
using Pipeline.Emulator.Sample;
using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Intake.Sending;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports;
using Spectre.Console;

namespace Pipeline.Cli.Lists;

/// <summary>
/// The lists of a run. They are checked before anything is written, then copied next to the queues, so that a run that
/// continues after a kill reads exactly the same list.
/// </summary>
internal sealed class ListFiles(RunSettings settings, IAnsiConsole console) : IAsyncDisposable
{
    private readonly List<(NamedList List, ListInspection Inspection)> _lists = [];
    private readonly ListSources _sources = new();
    private IReadOnlyList<string> _ids = [];

    /// <summary>
    /// When the first list that is not complete was accepted. A run that continues after a stop keeps that time.
    /// </summary>
    public DateTimeOffset StartedAt { get; private set; } = TimeProvider.System.GetUtcNow();

    /// <summary>The lists that were inspected, each with its name.</summary>
    public IEnumerable<(NamedList List, ListInspection Inspection)> Inspected => _lists;

    /// <summary>Reads every list once. A list that cannot be read or has no URL ends the run here.</summary>
    public async Task InspectAsync(CancellationToken cancellationToken)
    {
        var lists = await CollectAsync(cancellationToken);
        if (settings.ListId is not null && lists.Count > 1)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"--list-id names one list, and there are {lists.Count}. Run them one by one.");
        foreach (var list in lists)
        {
            var inspection = await InspectAsync(list, cancellationToken);
            foreach (var warning in inspection.Warnings)
                console.WriteWhole($"{list.Name}: {warning}");
            var same = _lists.Find(l => l.Inspection.ListId == inspection.ListId);
            if (same.Inspection is null)
                _lists.Add((list, inspection));
            else if (same.Inspection.ContentHash != inspection.ContentHash)
                throw Named(list.Name, ListIds.Taken(inspection.ListId));
        }
    }

    /// <summary>Submits the lists that Intake does not have yet; returns the ids of all.</summary>
    public async Task<IReadOnlyList<string>> SubmitAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var sender = services.GetRequiredService<ListSender>();
        var ids = new List<string>(_lists.Count);
        foreach (var (named, first) in _lists)
        {
            var inspection = await RunOfAsync(services, first, cancellationToken);
            ids.Add(inspection.ListId);
            var entry = await SendAsync(sender, named, inspection, cancellationToken);
            if (entry.State == ListState.Closed)
                console.WriteWhole(
                    CompletedNotice.Of(settings, named.Name, inspection.Series, entry.ClosedAt));
            else if (entry.CreatedAt < StartedAt)
                StartedAt = entry.CreatedAt;
        }

        return _ids = ids;
    }

    /// <summary>The list of a schedule, which has only one.</summary>
    /// <exception cref="PipelineException">Permanent: there are several lists.</exception>
    public CheckedList TheOnly() =>
        _lists is [var (named, inspection)]
            ? Checked(named, inspection)
            : throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"A schedule has one list, and there are {_lists.Count}. Add a schedule for each.");

    /// <summary>Forgets which runs this command started: it is complete, and the next one starts others.</summary>
    public void Complete()
    {
        foreach (var (_, inspection) in _lists)
            new StartedRun(settings.State, inspection.ListId).Forget();
    }

    /// <summary>The list under the id of the run that is wanted.</summary>
    private async Task<ListInspection> RunOfAsync(
        IServiceProvider services, ListInspection list, CancellationToken cancellationToken)
    {
        var runs = new NextRun(services.GetRequiredService<ILedger>());
        if (!settings.Again)
            return list with
            {
                ListId = await runs.FindAcceptableAsync(list.ListId, list.ContentHash, cancellationToken),
            };
        var started = new StartedRun(settings.State, list.ListId);
        var id = started.Read();
        if (id is null)
        {
            id = await runs.FindAsync(list.ListId, list.ContentHash, cancellationToken);
            started.Write(id);
        }
        return list with { ListId = id };
    }

    /// <summary>The lists, for programs.</summary>
    public IEnumerable<SubmittedList> Submitted =>
        _lists.Zip(_ids, (l, id) => new SubmittedList(
            id, l.List.Name, l.Inspection.Inputs, l.Inspection.Invalid));

    public ValueTask DisposeAsync()
    {
        _sources.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<IReadOnlyList<NamedList>> CollectAsync(CancellationToken cancellationToken)
    {
        if (settings.Lists.Count == 0)
            return [_sources.Hold("sample site", SampleList())];
        var urls = settings.Lists.Where(IsUrl).ToList();
        var lists = new List<NamedList>();
        foreach (var list in settings.Lists.Where(l => !IsUrl(l)))
            lists.Add(
                list == "-"
                    ? await _sources.ReadInputAsync(cancellationToken)
                    : await _sources.ReadAsync(list, cancellationToken));
        if (urls.Count > 0)
            lists.Add(_sources.Hold("command line", Encoding.UTF8.GetBytes(string.Join('\n', urls) + "\n")));
        return lists;
    }

    /// <summary>The sample site, with all formats, so that its records show what a record can hold.</summary>
    private byte[] SampleList() => settings.IsEmbedded || settings.Api!.IsLoopback
        ? Encoding.UTF8.GetBytes(new JsonObject
        {
            ["inputs"] = new JsonArray([.. SampleSite.Urls.Select(url => new JsonObject { ["url"] = url })]),
            ["shared_inputs"] = new JsonObject
            {
                ["formats"] = new JsonArray("html", "markdown", "text"),
                ["parse"] = true,
            },
        }.ToJsonString())
        : throw PipelineException.Permanent(
            FailureReasons.InvalidConfiguration, "Name a LIST. The sample site exists only in the emulator.");

    private async Task<ListInspection> InspectAsync(NamedList list, CancellationToken cancellationToken)
    {
        try
        {
            var source = new ListSource(_ => ValueTask.FromResult(list.Open()), list.Name)
            {
                UrlColumn = settings.UrlColumn,
            };
            return await ListInspector.InspectAsync(
                source, settings.SharedInputs, settings.Bind().Intake, settings.ListId, settings.Series,
                cancellationToken);
        }
        catch (PipelineException problem)
        {
            throw Named(list.Name, problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration, $"The list {list.Name} cannot be read: {FaultWords.Of(problem)}.",
                problem);
        }
    }

    private CheckedList Checked(NamedList list, ListInspection inspection) => new(
        new(list.Open, new(list.Name, inspection.ListId, settings.UrlColumn, settings.Series, settings.SharedInputs)),
        inspection);

    // The list's entry is in the ledger before its message, so that status knows a printed id at once.
    private async Task<ListEntry> SendAsync(
        ListSender sender, NamedList list, ListInspection inspection, CancellationToken cancellationToken)
    {
        try
        {
            return await sender.SendAsync(
                Checked(list, inspection), settings.WorkStore.ListFolder, Operator.Name, cancellationToken);
        }
        catch (PipelineException problem) when (problem.IsPermanent)
        {
            throw Named(list.Name, problem);
        }
    }

    // There may be several lists, so the message names this one.
    private static PipelineException Named(string name, PipelineException problem) =>
        problem is { IsPermanent: true, IsStoreFault: false }
            ? PipelineException.Permanent(problem.Reason, $"{name}: {problem.Summary}", problem.Details, problem)
            : problem;

    private static bool IsUrl(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}
