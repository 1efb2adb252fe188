using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.IO;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports.Reading;

namespace Pipeline.Dashboard.Api;

/// <summary>Takes lists.</summary>
internal static class SubmitEndpoint
{
    /// <summary>Length of the longest list that is sent as a body.</summary>
    public const long MaxBytes = 256L << 20;

    private const int MaxKey = 255;
    private const string KeyHeader = "Idempotency-Key";

    // Each keeps its body in a temporary file while it is checked.
    private static readonly SemaphoreSlim Turns = new(4);

    public static void MapSubmit(this IEndpointRouteBuilder api) =>
        api.MapPost("/lists", SubmitAsync)
            .WithName("SubmitList")
            .WithSummary("Take a list in any form: lines, CSV, NDJSON, JSON, a Nimble batch, or {\"source\": …}.")
            .Accepts<string>(isOptional: true, ApiEndpoints.AnyType)
            .Produces<SubmittedList>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);

    private static async Task<IResult> SubmitAsync(
        string? name, string? list_id, string? url_column, string? series, string? only_new, string? max_age,
        HttpContext context, DashboardPlace place, ListSubmissions lists, CancellationToken cancellationToken)
    {
        if (context.Request.Headers[KeyHeader] is not ([] or [{ Length: > 0 and <= MaxKey }]))
            return ApiProblems.Invalid($"{KeyHeader} is one word of at most {MaxKey} characters.");
        if (only_new is not (null or "true" or "false"))
            return ApiProblems.Invalid("only_new is true or false.");
        if (place.ListFolder is not { } folder)
            return ApiProblems.NotFound("This host takes no lists.");
        if (!await Turns.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            context.Response.Headers.RetryAfter = "5";
            return ApiProblems.Of(StatusCodes.Status429TooManyRequests, "Too many lists come at once.", "Try again.");
        }

        try
        {
            await using var content = PrivateFiles.CreateTemporary(Path.GetTempPath(), FileOptions.Asynchronous);
            await RequestBody.CopyAsync(context, content, MaxBytes, cancellationToken);
            var label = new ListLabel(NameOf(name, context.Request.ContentType), list_id, url_column,
                new SeriesFields(series, only_new is null ? null : only_new == "true", max_age));
            return await lists.SubmitAsync(
                content, label, folder, context.Request.Headers[KeyHeader].ToString(), ApiAccess.Describe(context),
                cancellationToken);
        }
        finally
        {
            Turns.Release();
        }
    }

    /// <summary>The list's name for people; its end tells its form where the content does not.</summary>
    private static string NameOf(string? name, string? type)
    {
        var shown = string.Concat((name ?? "").Where(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ' ')
            .Take(100)).Trim('.', ' ');
        if (shown.Contains('.', StringComparison.Ordinal))
            return shown;
        var end = type?.Split(';')[0].Trim().ToLowerInvariant() switch
        {
            "text/csv" => ".csv",
            "application/x-ndjson" or "application/jsonl" => ".ndjson",
            "application/json" => ".json",
            _ => ".txt",
        };
        return (shown.Length == 0 ? "request" : shown) + end;
    }
}

/// <summary>Sends lists, each request once.</summary>
internal sealed class ListSubmissions(ListSender sender, IRequestKeys keys, IEventLog events, TimeProvider time)
{
    private const string Replayed = "Idempotency-Replayed";

    /// <summary>Sends a list, unless a request with the same key did.</summary>
    public async Task<IResult> SubmitAsync(
        Stream content, ListLabel label, ObjectUri folder, string key, string who, CancellationToken cancellationToken)
    {
        var hash = await HashAsync(content, label, cancellationToken);
        if (key.Length > 0 && await keys.FindRequestAsync(key, cancellationToken) is { } known)
            return known.Hash == hash ? new RepeatedResult(known.ListId) : Reused();
        var list = await sender.SendAsync(content, label, folder, cancellationToken);
        if (key.Length > 0
            && await keys.AddRequestAsync(key, new(hash, list.ListId), time.GetUtcNow(), cancellationToken) is var first
            && first.Hash != hash)
            return Reused();
        await events.AddEventAsync(
            new(time.GetUtcNow(), EventKinds.Submitted, list.ListId, who,
                $"Submitted {label.Name} with {Amount.Of(list.Valid, "input")}."),
            cancellationToken);
        return Answer(new(list.ListId, list.Inputs, list.Invalid));
    }

    private static IResult Answer(SubmittedList list) =>
        Results.Json(list, ApiJson.Default.SubmittedList, statusCode: StatusCodes.Status202Accepted);

    private static IResult Reused() => ApiProblems.Of(
        StatusCodes.Status422UnprocessableEntity, "The Idempotency-Key was used for another request.",
        "Use a new key for a new list, and the same key only to repeat the same request.");

    private static async Task<string> HashAsync(
        Stream content, ListLabel label, CancellationToken cancellationToken)
    {
        content.Position = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{label}\n"));
        var buffer = new byte[1 << 16];
        while (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            hash.AppendData(buffer.AsSpan(0, read));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The answer to a request that was answered before.</summary>
    private sealed class RepeatedResult(string listId) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers[Replayed] = "true";
            return Answer(new(listId, null, null)).ExecuteAsync(httpContext);
        }
    }
}
