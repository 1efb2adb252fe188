using Microsoft.AspNetCore.Http.Metadata;

namespace Pipeline.Emulator.Api.Description;

/// <summary>An operation of the API: where it is, and what OpenAPI says about it.</summary>
/// <param name="Method">GET or POST.</param>
/// <param name="Path">Its path below the version.</param>
/// <param name="Summary">What it does, in one sentence.</param>
/// <param name="Reply">The type of a good answer's body.</param>
internal sealed record ApiOperation(string Method, string Path, string Summary, Type Reply)
{
    /// <summary>The type of the request's body; null for none.</summary>
    public Type? Body { get; init; }

    /// <summary>Whether it answers a page of a list.</summary>
    public bool IsPaged { get; init; }

    /// <summary>Maximum number of items of a page; only for paged operations.</summary>
    public int MaxLimit { get; init; }
}

/// <summary>Maps described operations.</summary>
internal static class DescribedEndpoints
{
    private static readonly string[] Json = ["application/json"];

    // Bodies are read whatever their type is called.
    private static readonly string[] AnyType = [.. Json, "*/*"];

    /// <summary>Maps an operation, with what a generator of OpenAPI documents reads.</summary>
    public static IEndpointConventionBuilder MapDescribed(
        this IEndpointRouteBuilder api, ApiOperation operation, RequestDelegate handle)
    {
        var endpoint = api.MapMethods(operation.Path, [operation.Method], handle)
            // Endpoints without a method are left out of such documents.
            .WithMetadata(operation, handle.Method)
            .WithSummary(operation.Summary)
            .WithMetadata(Produces(200, operation.Reply), Produces(401, typeof(Failed)), Produces(429, typeof(Failed)))
            .WithMetadata(Produces(500, typeof(Broken)));
        if (operation.Body is { } body)
            endpoint.WithMetadata(new AcceptsMetadata(AnyType, body))
                .WithMetadata(
                    Produces(400, typeof(Invalid)), Produces(402, typeof(Failed)), Produces(555, typeof(Broken)));
        else if (operation.IsPaged)
            endpoint.WithMetadata(Produces(400, typeof(Invalid)));
        else
            endpoint.WithMetadata(Produces(404, typeof(Failed)));
        return endpoint;
    }

    /// <summary>Serves the committed document, which a test compares with the endpoints.</summary>
    public static void MapOpenApiDocument(this IEndpointRouteBuilder app) =>
        app.MapGet("openapi.json", async context =>
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            await using var document = typeof(DescribedEndpoints).Assembly.GetManifestResourceStream("openapi.json")!;
            await document.CopyToAsync(context.Response.Body, context.RequestAborted);
        });

    private static ProducesResponseTypeMetadata Produces(int status, Type type) => new(status, type, Json);
}

/// <summary>The operations of the API.</summary>
internal static class ApiOperations
{
    public static readonly ApiOperation ExtractAsync = new(
        "POST", "extract/async", "Submits one URL and returns its task.", typeof(TaskReply))
    {
        Body = typeof(AsyncRequest),
    };

    public static readonly ApiOperation ExtractBatch = new(
        "POST", "extract/batch", "Submits up to 1,000 URLs; each becomes a task.", typeof(BatchAccepted))
    {
        Body = typeof(BatchRequest),
    };

    public static readonly ApiOperation Tasks = new(
        "GET", "tasks", "Lists all tasks, the newest first.", typeof(TaskPage)) { IsPaged = true, MaxLimit = 1000 };

    public static readonly ApiOperation Task = new("GET", "tasks/{id}", "Returns a task.", typeof(TaskReply));

    public static readonly ApiOperation Result = new(
        "GET", "tasks/{id}/results", "Returns the result of a task that succeeded.", typeof(TaskResult));

    public static readonly ApiOperation Batches = new(
        "GET", "batches", "Lists all batches, the newest first.", typeof(BatchPage)) { IsPaged = true, MaxLimit = 100 };

    public static readonly ApiOperation Batch = new(
        "GET", "batches/{id}", "Returns a batch with all its tasks.", typeof(BatchDetails));

    public static readonly ApiOperation Progress = new(
        "GET", "batches/{id}/progress", "Returns how much of a batch is done.", typeof(BatchProgress));
}
