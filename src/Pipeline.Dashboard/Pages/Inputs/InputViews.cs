using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Reports.History;

namespace Pipeline.Dashboard.Pages.Inputs;

/// <summary>Finds inputs, and shows one with its history and a preview of its record.</summary>
internal sealed class InputViews(HistoryReader history, ILedger ledger, IRecordReader records, ListFinder lists)
{
    private const int LongestQuery = 8192;

    /// <summary>Searches for a URL, an id, a task, a batch, a submission or a list; one hit is shown at once.</summary>
    public async Task<IResult> SearchAsync(HttpContext context, PageContext page)
    {
        var text = context.Request.Query["q"].ToString().Trim();
        var stop = context.RequestAborted;
        if (text.Length is 0 or > LongestQuery)
            return Found(page, text, null);
        if (await lists.FindAsync(text, stop) is { } list)
            return Results.Redirect(page.ToList(list.ListId));
        if (SubmissionIds.IsWellFormed(text) && await ledger.GetSubmissionAsync(text, stop) is { } submission)
            return Results.Redirect(page.ToList(submission.ListId));
        var found = await history.ExplainAsync(text, null, stop);
        return found?.Inputs is [var only]
            ? Results.Redirect(page.To("inputs", only.Id))
            : Found(page, text, found);
    }

    /// <summary>One input; null if it is unknown.</summary>
    public async Task<IResult?> ShowAsync(HttpContext context, PageContext page, string id)
    {
        if (await FindAsync(id, context.RequestAborted) is not { } input)
            return null;
        var preview = await PreviewAsync(input, context.RequestAborted);
        var shown = preview?.Views.FirstOrDefault(view => view == context.Request.Query["view"]) ?? preview?.Views[0];
        return new PageResult(
            page, Show.Cut(input.Url, 60), InputPage.Create().With(page, new InputPageModel(input, preview, shown)))
        {
            IsLive = true,
        };
    }

    /// <summary>The content of a record, confined; null if there is no such view.</summary>
    public async Task<IResult?> ShowContentAsync(HttpContext context, string id, string view)
    {
        if (await FindAsync(id, context.RequestAborted) is not { } input
            || await PreviewAsync(input, context.RequestAborted) is not { } preview
            || preview.Render(view) is not var (content, type))
            return null;
        PageHeaders.Confine(context.Response.Headers);
        return Results.Bytes(content, type);
    }

    private static PageResult Found(PageContext page, string text, Explanation? found) =>
        new(page, "Search", SearchPage.Create().With(page, new SearchPageModel(text, found))) { Query = text };

    private async Task<InputHistory?> FindAsync(string id, CancellationToken cancellationToken) =>
        TaskIds.IsWellFormed(id)
            ? (await history.ExplainAsync(new(InputKey.Id, id, null), cancellationToken)).Inputs is [var first, ..]
                ? first
                : null
            : null;

    private async Task<RecordPreview?> PreviewAsync(InputHistory input, CancellationToken cancellationToken)
    {
        if (input.State != "recorded" || input.Attempts is not [.., var last]
            || await ledger.GetInputAsync(last.SubmissionId, last.Ordinal, cancellationToken) is not { } entry
            || await records.OpenRecordAsync(input.ListId, entry, cancellationToken) is not { } record)
            return null;
        await using (record)
            return await RecordPreview.ReadAsync(record, cancellationToken);
    }
}
