using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Api.Rows;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Lists;

/// <summary>Offers the records and failures of one list as a file, where they are on this machine.</summary>
internal sealed class ListDownloads(ListFinder finder, InputPages inputs, RowWriter rows, DashboardPlace place)
{
    /// <summary>All records or failures of a list; null if the list is unknown, or files are elsewhere.</summary>
    public async Task<IResult?> SaveAsync(HttpContext context, string listId, InputState state)
    {
        var stop = context.RequestAborted;
        if (!place.KeepsFiles || await finder.FindAsync(listId, stop) is null)
            return null;
        var name = $"{listId}.{(state == InputState.Failed ? "failures" : "records")}.ndjson";
        return Results.Stream(
            body => rows.WriteAsync(body, inputs.ReadAllAsync(listId, new(state), stop), state, stop),
            RowWriter.Ndjson, name);
    }
}
