using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Model.Actions;
using Pipeline.Ports.Reading;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Lists;

/// <summary>Shows lists and their inputs.</summary>
internal sealed class ListPages(
    ListFinder finder, OpenListSearch search, ListProgressReader progress, FinishedLists finished, InputPages inputs,
    IManifestReader manifests, BulkActions actions)
{
    private const int RowsAPage = 50;

    /// <summary>All lists, open ones by id and closed ones from the latest.</summary>
    public async Task<IResult> ShowAllAsync(HttpContext context, PageContext page)
    {
        var query = context.Request.Query;
        var stop = context.RequestAborted;
        var filter = ListFilter.Read(name => query[name]);
        var (open, next) = await search.ReadAsync(filter, query["open_after"].ToString(), RowsAPage, stop);
        var closed = await finished.ReadPageAsync(ReadPlace(query["after"]), RowsAPage + 1, stop);
        var model = new ListsPageModel(
            filter, await actions.FindAsync(ActionEntry.AllLists, stop),
            [.. (await progress.ReadAsync(open, stop)).Select(list => list.Progress)],
            next is null ? null : page.To(["lists"], [.. filter.Fields, ("open_after", next)]),
            [.. closed.Take(RowsAPage)],
            closed.Count > RowsAPage ? page.To(["lists"], ("after", Place(closed[RowsAPage - 1]))) : null);
        return new PageResult(page, "Lists", ListsPage.Create().With(page, model)) { Section = "lists", IsLive = true };
    }

    /// <summary>One list; null if it is unknown.</summary>
    public async Task<IResult?> ShowAsync(HttpContext context, PageContext page, string listId)
    {
        var stop = context.RequestAborted;
        if (await finder.FindAsync(listId, stop) is not { } list)
            return null;
        var isOpen = list.State is ListState.Planning or ListState.Open;
        var failed = await inputs.ReadAsync(listId, new(InputState.Failed), null, int.MaxValue, stop);
        var model = new ListPageModel(
            list,
            isOpen ? (await progress.ReadAsync([list], stop))[0] : null,
            list.State == ListState.Closed ? await finished.ReadAsync(list, stop) : null,
            OutcomeSampler.Group(failed.Inputs), failed.Next is not null, await actions.FindAsync(listId, stop));
        return new PageResult(page, Title(list), ListPage.Create().With(page, model))
        {
            Section = "lists",
            IsLive = true,
        };
    }

    /// <summary>The failed or waiting inputs of a list; null if the list is unknown.</summary>
    public async Task<IResult?> ShowInputsAsync(HttpContext context, PageContext page, string listId, InputState state)
    {
        if (await finder.FindAsync(listId, context.RequestAborted) is not { } list)
            return null;
        var query = context.Request.Query;
        var filter = new RowFilter(state, Given(query["reason"]), Given(query["domain"]));
        var rows = await inputs.ReadAsync(listId, filter, query["after"], RowsAPage, context.RequestAborted);
        var word = state == InputState.Failed ? "failures" : "pending";
        var next = rows.Next is { } place
            ? page.To(["lists", listId, word], ("reason", filter.Reason), ("domain", filter.Domain), ("after", place))
            : null;
        var model = new InputRowsModel(list, filter, rows, next);
        return new PageResult(
            page, $"{(state == InputState.Failed ? "Failures" : "Pending")} of {Title(list)}",
            InputRows.Create().With(page, model)) { Section = "lists" };
    }

    /// <summary>The manifest of a list as JSON; null if there is none.</summary>
    public async Task<IResult?> ShowManifestAsync(HttpContext context, string listId) =>
        SubmissionIds.IsWellFormed(listId)
            && await manifests.ReadManifestAsync(listId, context.RequestAborted) is { } manifest
            ? Results.Text(JsonSerializer.Serialize(manifest, PipelineJson.Plain.Manifest), "application/json")
            : null;

    /// <summary>Says why a list is not there; null if it is, or if nobody ever heard of it.</summary>
    public async Task<IResult?> ShowAbsentAsync(HttpContext context, PageContext page, string listId)
    {
        var stop = context.RequestAborted;
        if (await finder.FindAsync(listId, stop) is not null)
            return null;
        var absent = await finder.ExplainAsync(listId, stop);
        if (!absent.IsErased && absent.Sender is null)
            return null;
        var message = new MessageModel(
            absent.IsErased ? "This list was erased" : "This list is being read", absent.Text);
        return new PageResult(page, message.Title, Message.Create().With(page, message))
        {
            Section = "lists",
            // It shows the list as soon as there is one.
            IsLive = !absent.IsErased,
            Status = absent.IsErased ? StatusCodes.Status404NotFound : StatusCodes.Status200OK,
        };
    }

    private static string Title(ListEntry list) => Show.Cut(Show.Name(list.Source, list.ListId), 60);

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string Place(FinishedList list) =>
        string.Create(CultureInfo.InvariantCulture, $"{list.ClosedAt?.UtcTicks}.{list.ListId}");

    private static ClosedPlace? ReadPlace(string? text) =>
        text?.Split('.', 2) is [var ticks, var listId]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && at <= DateTimeOffset.MaxValue.UtcTicks && SubmissionIds.IsWellFormed(listId)
            ? new ClosedPlace(new(at, TimeSpan.Zero), listId)
            : null;
}
