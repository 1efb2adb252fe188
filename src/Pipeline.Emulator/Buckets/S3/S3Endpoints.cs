using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Buckets.S3;

/// <summary>
/// Serves a part of S3 under <c>/s3</c>, path-style: what the pipeline and its tests need. Signatures are not verified.
/// </summary>
internal static partial class S3Endpoints
{
    /// <summary>Requests signed with this access key are answered 403.</summary>
    public const string DeniedAccessKey = "denied";

    private const int MaxKeyBytes = 1024;

    public static void MapS3(this IEndpointRouteBuilder app, BucketStore store, StoreFaults? faults = null) =>
        app.Map("/s3/{**path}", async context =>
        {
            var (bucket, key) = RequestedObject.OfS3(context);
            context.Response.Headers["x-amz-request-id"] = context.TraceIdentifier;
            if (key.Length == 0 || faults is null || !await faults.BreakS3Async(context, key))
                await HandleAsync(context, store, bucket, key);
        });

    private static Task HandleAsync(HttpContext context, BucketStore store, string bucket, string key)
    {
        if (IsDenied(context.Request))
            return S3ErrorReply.AccessDenied.WriteAsync(context);
        if (bucket.Length == 0)
            return HttpMethods.IsGet(context.Request.Method)
                ? S3Listing.ListBucketsAsync(context, store)
                : S3ErrorReply.NotImplemented(context.Request).WriteAsync(context);
        if (key.Length == 0 && HttpMethods.IsPut(context.Request.Method) && context.Request.Query.Count == 0)
            return CreateBucketAsync(context, store, bucket);
        if (store.FindBucket(bucket) is null)
            return S3ErrorReply.NoSuchBucket.WriteAsync(context);
        if (Encoding.UTF8.GetByteCount(key) > MaxKeyBytes)
            return S3ErrorReply.KeyTooLong.WriteAsync(context);
        return key.Length == 0
            ? HandleBucketAsync(context, store, bucket)
            : HandleObjectAsync(context, store, bucket, key);
    }

    private static Task HandleBucketAsync(HttpContext context, BucketStore store, string bucket)
    {
        var query = context.Request.Query;
        return context.Request.Method switch
        {
            "HEAD" => Task.CompletedTask,
            "GET" when query.ContainsKey("location") =>
                S3Xml.WriteAsync(context, "LocationConstraint", S3Xml.Namespace, _ => { }),
            "GET" when query["list-type"] == "2" => S3Listing.ListAsync(context, store, bucket),
            "POST" when query.ContainsKey("delete") => S3Objects.DeleteManyAsync(context, store, bucket),
            _ => S3ErrorReply.NotImplemented(context.Request).WriteAsync(context),
        };
    }

    private static Task HandleObjectAsync(HttpContext context, BucketStore store, string bucket, string key)
    {
        var query = context.Request.Query;
        if (context.Request.Headers.ContainsKey("x-amz-copy-source")
            || query.ContainsKey("uploads") || query.ContainsKey("uploadId") || query.ContainsKey("acl")
                || query.ContainsKey("tagging"))
            return S3ErrorReply.NotImplemented(context.Request).WriteAsync(context);
        switch (context.Request.Method)
        {
            case "GET" or "HEAD":
                return S3Objects.ReadAsync(context, store, bucket, key);
            case "PUT":
                return S3Upload.HandleAsync(context, store, bucket, key);
            case "DELETE":
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return store.DeleteAsync(bucket, key);
            default:
                return S3ErrorReply.NotImplemented(context.Request).WriteAsync(context);
        }
    }

    private static async Task CreateBucketAsync(HttpContext context, BucketStore store, string bucket)
    {
        if (!BucketName().IsMatch(bucket))
        {
            await S3ErrorReply.InvalidBucketName.WriteAsync(context);
            return;
        }

        await store.EnsureBucketAsync(bucket);
        context.Response.Headers.Location = "/" + bucket;
    }

    private static bool IsDenied(HttpRequest request) =>
        request.Headers.Authorization.ToString().Contains($"Credential={DeniedAccessKey}/", StringComparison.Ordinal)
        || request.Query["X-Amz-Credential"].ToString().StartsWith(DeniedAccessKey + "/", StringComparison.Ordinal);

    [GeneratedRegex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    private static partial Regex BucketName();
}
