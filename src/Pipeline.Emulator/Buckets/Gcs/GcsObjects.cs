using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Pipeline.Emulator.Buckets.Gcs;

/// <summary>Lists, reads and deletes GCS objects.</summary>
internal static class GcsObjects
{
    private const int MaxResults = 1000;

    public static Task ListAsync(HttpContext context, BucketStore store, string bucket)
    {
        var query = context.Request.Query;
        byte[]? cursor = null;
        try
        {
            if (query["pageToken"].ToString() is { Length: > 0 } token)
                cursor = Convert.FromBase64String(token);
        }
        catch (FormatException)
        {
            return GcsJson.ErrorAsync(context, 400, "invalid", "Invalid page token.");
        }

        if (!int.TryParse(query["maxResults"].ToString() is { Length: > 0 } text ? text : "1000",
            CultureInfo.InvariantCulture, out var limit)
            || limit < 0)
            return GcsJson.ErrorAsync(context, 400, "invalid", $"Invalid value for maxResults: {query["maxResults"]}");
        limit = limit == 0 ? MaxResults : Math.Min(limit, MaxResults);
        var page = store.List(bucket, query["prefix"].ToString(), query["delimiter"].ToString(), cursor, limit);
        var answer = new JsonObject { ["kind"] = "storage#objects" };
        if (page.NextCursor is not null)
            answer["nextPageToken"] = Convert.ToBase64String(page.NextCursor);
        if (page.Prefixes.Count > 0)
            answer["prefixes"] = new JsonArray([.. page.Prefixes.Select(p => (JsonNode?)p)]);
        if (page.Objects.Count > 0)
            answer["items"] = new JsonArray([.. page.Objects.Select(o => GcsJson.Object(context, o))]);
        return GcsJson.WriteAsync(context, answer);
    }

    public static async Task ReadAsync(HttpContext context, BucketStore store, string bucket, string name)
    {
        if (!GcsPreconditions.TryRead(context.Request.Query, out var conditions))
        {
            await GcsJson.ErrorAsync(context, 400, "invalid", "A generation parameter is not a number.");
            return;
        }

        var isMedia = context.Request.Query["alt"] == "media";
        var open = isMedia ? store.OpenRead(bucket, name) : null;
        using var content = open?.Content;
        if ((isMedia ? open?.Object : store.Find(bucket, name)) is not { } item
            || (conditions.Generation is { } wanted && wanted != item.Generation))
            await GcsJson.NoObjectAsync(context, bucket, name);
        else if (conditions.IfMatch is { } match && match != item.Generation)
            await GcsJson.ConditionAsync(context);
        else if (conditions.IfNotMatch == item.Generation)
            context.Response.StatusCode = StatusCodes.Status304NotModified;
        else if (content is not null)
            await SendMediaAsync(context, item, content);
        else
            await GcsJson.WriteAsync(context, GcsJson.Object(context, item));
    }

    public static async Task DeleteAsync(HttpContext context, BucketStore store, string bucket, string name)
    {
        if (!GcsPreconditions.TryRead(context.Request.Query, out var conditions))
        {
            await GcsJson.ErrorAsync(context, 400, "invalid", "A generation parameter is not a number.");
            return;
        }

        var (accepted, existed) = await store.DeleteAsync(bucket, name,
            current =>
                conditions.Allow(current)
                    && (conditions.Generation is null || conditions.Generation == current?.Generation));
        if (!existed || (!accepted && conditions.Generation is not null))
            await GcsJson.NoObjectAsync(context, bucket, name);
        else if (!accepted)
            await GcsJson.ConditionAsync(context);
        else
            context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Task SendMediaAsync(HttpContext context, StoredObject item, ObjectContent content)
    {
        var response = context.Response;
        var gzip = item.Traits.ContentEncoding == "gzip";
        var decompress = gzip && !AcceptsGzip(context.Request.Headers.AcceptEncoding);

        // GCS ignores the Range header when it decompresses the object.
        var slice = decompress ? new(0, item.Bytes, false, true) : ObjectReply.SliceOf(context.Request, item.Bytes);
        if (!slice.IsSatisfiable)
        {
            response.Headers.ContentRange = $"bytes */{item.Bytes}";
            return GcsJson.ErrorAsync(context, 416, "requestedRangeNotSatisfiable", "Request range not satisfiable");
        }

        Describe(response.Headers, item);
        if (gzip)
            response.Headers.Vary = "Accept-Encoding";
        if (decompress)
        {
            response.Headers.Warning = "214 UploadServer gunzipped";
            return ObjectReply.SendDecompressedAsync(context, content);
        }

        if (item.Traits.ContentEncoding is { } encoding)
            response.Headers.ContentEncoding = encoding;
        return ObjectReply.SendAsync(context, content, slice, item.Bytes);
    }

    private static void Describe(IHeaderDictionary headers, StoredObject item)
    {
        headers.ETag = item.ETag;
        headers.LastModified = item.Created.ToString("R");
        headers.ContentType = item.Traits.ContentType;
        headers["x-goog-generation"] = item.Generation.ToString(CultureInfo.InvariantCulture);
        headers["x-goog-metageneration"] = "1";
        headers["x-goog-hash"] = $"crc32c={GcsJson.Crc32C(item.Crc32C)},md5={GcsJson.Md5(item)}";
        headers["x-goog-storage-class"] = "STANDARD";
        headers["x-goog-stored-content-encoding"] = item.Traits.ContentEncoding ?? "identity";
        headers["x-goog-stored-content-length"] = item.Bytes.ToString(CultureInfo.InvariantCulture);
    }

    private static bool AcceptsGzip(StringValues acceptEncoding) =>
        StringWithQualityHeaderValue.TryParseList([acceptEncoding.ToString()], out var list)
        && list.Any(e => e.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && e.Quality is not 0);
}
