using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Buckets.Gcs;

/// <summary>
/// Serves a part of the GCS JSON API under <c>/gcs</c>: what the pipeline and its tests need. Tokens are not verified.
/// </summary>
internal static partial class GcsEndpoints
{
    /// <summary>Requests with this bearer token are answered 403.</summary>
    public const string DeniedToken = "denied";

    public static void MapGcs(this IEndpointRouteBuilder app, BucketStore store, StoreFaults? faults = null)
    {
        var uploads = new GcsUploads(store);
        var gcs = app.MapGroup("/gcs");
        gcs.MapPost("/storage/v1/b", context => Guard(context, () => InsertBucketAsync(context, store)));
        gcs.MapGet("/storage/v1/b", context => Guard(context, () => GcsJson.WriteAsync(context, new()
        {
            ["kind"] = "storage#buckets",
            ["items"] = new JsonArray([.. store.Buckets().Select(b => GcsJson.Bucket(context, b.Name, b.Created))]),
        })));
        gcs.MapGet("/storage/v1/b/{bucket}", context => InBucket(context, store,
            (bucket, created) => GcsJson.WriteAsync(context, GcsJson.Bucket(context, bucket, created))));
        gcs.MapGet(
            "/storage/v1/b/{bucket}/o",
            context => InBucket(context, store, (bucket, _) => GcsObjects.ListAsync(context, store, bucket)));
        foreach (var path
            in (string[])["/storage/v1/b/{bucket}/o/{**name}", "/download/storage/v1/b/{bucket}/o/{**name}"])
        {
            gcs.MapGet(path, context => InBucket(context, store, async (bucket, _) =>
            {
                var name = RequestedObject.OfGcs(context);
                if (faults is null || !await faults.BreakGcsAsync(context, name))
                    await GcsObjects.ReadAsync(context, store, bucket, name);
            }));
        }

        gcs.MapDelete("/storage/v1/b/{bucket}/o/{**name}", context => InBucket(context, store,
            (bucket, _) => GcsObjects.DeleteAsync(context, store, bucket, RequestedObject.OfGcs(context))));
        gcs.MapMethods("/upload/storage/v1/b/{bucket}/o", ["POST", "PUT"], context => InBucket(context, store,
            (bucket, _) => uploads.HandleAsync(context, bucket)));
    }

    private static Task Guard(HttpContext context, Func<Task> handle) =>
        context.Request.Headers.Authorization == $"Bearer {DeniedToken}"
        ? GcsJson.ErrorAsync(
            context, 403, "forbidden", "The caller does not have access to the Google Cloud Storage bucket or object.")
        : handle();

    private static Task InBucket(HttpContext context, BucketStore store, Func<string, DateTimeOffset, Task> handle) =>
        Guard(context, () =>
    {
        var bucket = (string)context.Request.RouteValues["bucket"]!;
        return store.FindBucket(bucket) is { } created ? handle(bucket, created) : GcsJson.NoBucketAsync(context);
    });

    private static async Task InsertBucketAsync(HttpContext context, BucketStore store)
    {
        string? name;
        try
        {
            name = (
                await JsonNode.ParseAsync(
                    context.Request.Body, cancellationToken: context.RequestAborted))?["name"]?.GetValue<string>();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            name = null;
        }

        if (name is null || !BucketName().IsMatch(name))
            await GcsJson.ErrorAsync(context, 400, "invalid", $"Invalid bucket name: '{name}'");
        else if (store.FindBucket(name) is not null)
            await GcsJson.ErrorAsync(
                context, 409, "conflict", "You already own this bucket. Please select another name.");
        else
        {
            await store.EnsureBucketAsync(name);
            await GcsJson.WriteAsync(context, GcsJson.Bucket(context, name, store.FindBucket(name)!.Value));
        }
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")]
    private static partial Regex BucketName();
}
