using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Api;

/// <summary>
/// The inputs of a list as NDJSON: pending ones, failures, records. A page ends at a limit; the header <c>Link</c> then
/// names the next one. A page may be empty and have a next one.
/// </summary>
internal static class RowEndpoints
{
    private const string Ndjson = "application/x-ndjson";
    private const int MaxLimit = 1000;

    private static readonly ReadOnlyMemory<byte> LineFeed = "\n"u8.ToArray();

    public static void MapRows(this IEndpointRouteBuilder api)
    {
        Map<PendingInput>(api, "pending", "Inputs without an outcome, one JSON object a line.", InputState.Waiting,
            async (body, _, input, token) => await JsonSerializer.SerializeAsync(
                body, new PendingInput(input.Id, input.Url, input.Line, input.SubmissionId),
                ApiJson.Default.PendingInput, token));
        Map<Failure>(api, "failures", "Failures, one pipeline.failure/1 a line.", InputState.Failed,
            async (body, _, input, token) => await JsonSerializer.SerializeAsync(
                body, FailureText.Read(input), PipelineJson.Plain.Failure, token));
        Map<object>(api, "records", "Records, one pipeline.record/1 a line.", InputState.Recorded, WriteRecordAsync);
    }

    private static void Map<TRow>(
        IEndpointRouteBuilder api, string name, string summary, InputState state,
        Func<Stream, HttpContext, InputEntry, CancellationToken, Task> write) =>
        api.MapGet($"/lists/{{listId}}/{name}", async (
            string listId, string? cursor, string? limit, HttpContext context, ILedger ledger, InputPages pages,
            CancellationToken stop) =>
        {
            if (ApiEndpoints.ReadLimit(limit, MaxLimit, MaxLimit) is not { } max)
                return ApiProblems.Invalid($"The limit is from 1 to {MaxLimit}.");
            if (!SubmissionIds.IsWellFormed(listId) || await ledger.GetListAsync(listId, stop) is null)
                return ListEndpoints.Unknown(listId);
            var page = await pages.ReadAsync(listId, new(state), cursor, max, stop);
            if (page.Next is { } next)
                context.Response.Headers.Link =
                    $"<{context.Request.PathBase}{context.Request.Path}?cursor={Uri.EscapeDataString(next)}"
                        + $"&limit={max}>; rel=\"next\"";
            return Results.Stream(body => WriteAsync(body, context, page, write), Ndjson);
        })
            .WithName($"Get{char.ToUpperInvariant(name[0])}{name[1..]}")
            .WithSummary(summary)
            .Produces<TRow>(StatusCodes.Status200OK, Ndjson)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task WriteAsync(
        Stream body, HttpContext context, InputPage page,
        Func<Stream, HttpContext, InputEntry, CancellationToken, Task> write)
    {
        foreach (var input in page.Inputs)
        {
            await write(body, context, input, context.RequestAborted);
            await body.WriteAsync(LineFeed, context.RequestAborted);
        }
    }

    private static async Task WriteRecordAsync(
        Stream body, HttpContext context, InputEntry input, CancellationToken cancellationToken)
    {
        var records = (IRecordReader)context.RequestServices.GetService(typeof(IRecordReader))!;
        await using var record = await records.OpenRecordAsync(
            SubmissionIds.ListOf(input.SubmissionId), input, cancellationToken);
        // A record that somebody else has removed leaves an empty line, which readers of NDJSON skip.
        if (record is not null)
            await RecordLine.CopyAsync(record, body, cancellationToken);
    }
}
