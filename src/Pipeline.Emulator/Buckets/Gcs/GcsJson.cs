using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Pipeline.Emulator.Buckets.Gcs;

/// <summary>Writes resources and errors of the GCS JSON API.</summary>
internal static class GcsJson
{
    public static Task WriteAsync(HttpContext context, JsonObject body)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    public static Task ErrorAsync(HttpContext context, int status, string reason, string message)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, new()
        {
            ["error"] = new JsonObject
            {
                ["code"] = status,
                ["message"] = message,
                ["errors"] = new JsonArray(
                    new JsonObject { ["message"] = message, ["domain"] = "global", ["reason"] = reason }),
            },
        });
    }

    public static Task NoBucketAsync(HttpContext context) =>
        ErrorAsync(context, 404, "notFound", "The specified bucket does not exist.");

    public static Task NoObjectAsync(HttpContext context, string bucket, string name) =>
        ErrorAsync(context, 404, "notFound", $"No such object: {bucket}/{name}");

    public static Task ConditionAsync(HttpContext context) =>
        ErrorAsync(context, 412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.");

    public static JsonObject Bucket(HttpContext context, string name, DateTimeOffset created) => new()
    {
        ["kind"] = "storage#bucket",
        ["id"] = name,
        ["name"] = name,
        ["selfLink"] = $"{Root(context)}/storage/v1/b/{name}",
        ["location"] = "US",
        ["storageClass"] = "STANDARD",
        ["timeCreated"] = Time(created),
    };

    public static JsonObject Object(HttpContext context, StoredObject item)
    {
        var path = $"storage/v1/b/{item.Bucket}/o/{Uri.EscapeDataString(item.Key)}";
        var generation = item.Generation.ToString(CultureInfo.InvariantCulture);
        var resource = new JsonObject
        {
            ["kind"] = "storage#object",
            ["id"] = $"{item.Bucket}/{item.Key}/{generation}",
            ["selfLink"] = $"{Root(context)}/{path}",
            ["mediaLink"] = $"{Root(context)}/download/{path}?generation={generation}&alt=media",
            ["name"] = item.Key,
            ["bucket"] = item.Bucket,
            ["generation"] = generation,
            ["metageneration"] = "1",
            ["contentType"] = item.Traits.ContentType,
            ["storageClass"] = "STANDARD",
            ["size"] = item.Bytes.ToString(CultureInfo.InvariantCulture),
            ["md5Hash"] = Md5(item),
            ["crc32c"] = Crc32C(item.Crc32C),
            ["etag"] = item.Md5,
            ["timeCreated"] = Time(item.Created),
            ["updated"] = Time(item.Created),
        };
        if (item.Traits.ContentEncoding is { } encoding)
            resource["contentEncoding"] = encoding;
        if (item.Traits.Metadata is { Count: > 0 } metadata)
            resource["metadata"] = new JsonObject(metadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));
        return resource;
    }

    /// <summary>The MD5 in the form of GCS: base64.</summary>
    public static string Md5(StoredObject item) => Convert.ToBase64String(Convert.FromHexString(item.Md5));

    /// <summary>A CRC-32C in the form of GCS: big-endian bytes in base64.</summary>
    public static string Crc32C(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Convert.ToBase64String(bytes);
    }

    private static string Root(HttpContext context) =>
        $"{context.Request.Scheme}://{context.Request.Host}{context.Request.PathBase}/gcs";

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
