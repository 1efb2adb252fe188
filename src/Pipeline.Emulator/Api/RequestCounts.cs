using System.Collections.Concurrent;

namespace Pipeline.Emulator.Api;

/// <summary>Number of requests of one kind that were answered with one status.</summary>
/// <param name="Kind">For example <c>POST extract</c>.</param>
/// <param name="Status">The status; 0 if the connection was cut.</param>
/// <param name="Count">The number.</param>
internal sealed record RequestCount(string Kind, int Status, long Count);

/// <summary>Counts the answers since the start. The kinds are few and fixed, so callers cannot make it grow.</summary>
internal sealed class RequestCounts
{
    private readonly ConcurrentDictionary<(string Kind, int Status), long> _counts = new();

    /// <summary>All counts, by kind and status.</summary>
    public IReadOnlyList<RequestCount> All =>
        [
            .. _counts.Select(c => new RequestCount(c.Key.Kind, c.Key.Status, c.Value))
                .OrderBy(c => c.Kind, StringComparer.Ordinal).ThenBy(c => c.Status)];

    /// <summary>Middleware: passes a request on and counts its answer.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (KindOf(context.Request) is not { } kind)
        {
            await next(context);
            return;
        }
        var status = StatusCodes.Status500InternalServerError;
        try
        {
            await next(context);
            status = context.RequestAborted.IsCancellationRequested ? 0 : context.Response.StatusCode;
        }
        finally
        {
            _counts.AddOrUpdate((kind, status), 1, (_, count) => count + 1);
        }
    }

    private static string? KindOf(HttpRequest request) => request.Path.Value!.Split('/', 4) switch
    {
        [_, "v1" or "v2", "extract", ..] => "POST extract",
        [_, "v1" or "v2", "tasks", ..] => "GET tasks",
        [_, "v1" or "v2", "batches", ..] => "GET batches",
        [_, "v1" or "v2", ..] => "other paths of the API",
        [_, "s3", ..] => "S3",
        [_, "gcs", ..] => "GCS",
        [_, "sample", ..] => "sample site",
        _ => null,
    };
}
