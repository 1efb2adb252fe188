using System.Xml;
using System.Xml.Linq;
using Microsoft.Extensions.Primitives;

namespace Pipeline.Emulator.Buckets.S3;

/// <summary>Answers GET and HEAD of S3 objects, and DeleteObjects.</summary>
internal static class S3Objects
{
    public const string MetadataPrefix = "x-amz-meta-";

    private const int MaxDeletions = 1000;

    public static async Task ReadAsync(HttpContext context, BucketStore store, string bucket, string key)
    {
        var isHead = HttpMethods.IsHead(context.Request.Method);
        var open = isHead ? null : store.OpenRead(bucket, key);
        using var content = open?.Content;
        if ((isHead ? store.Find(bucket, key) : open?.Object) is not { } item)
        {
            await S3ErrorReply.NoSuchKey.WriteAsync(context);
            return;
        }

        var headers = context.Request.Headers;
        if (IsPreconditionFailed(headers, item))
        {
            await S3ErrorReply.PreconditionFailed.WriteAsync(context);
            return;
        }

        Describe(context.Response, item);
        if (IsNotModified(headers, item))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var slice = ObjectReply.SliceOf(context.Request, item.Bytes);
        if (!slice.IsSatisfiable)
        {
            context.Response.Headers.Clear();
            await S3ErrorReply.InvalidRange.WriteAsync(context);
            return;
        }

        // The checksum covers the whole object, so S3 omits it for a range.
        if (!slice.IsPartial && item.Traits.ChecksumHeader is { } header && headers["x-amz-checksum-mode"] == "ENABLED")
        {
            context.Response.Headers[header] = item.Traits.Checksum;
            context.Response.Headers["x-amz-checksum-type"] = "FULL_OBJECT";
        }

        await ObjectReply.SendAsync(context, content, slice, item.Bytes);
    }

    public static async Task DeleteManyAsync(HttpContext context, BucketStore store, string bucket)
    {
        var (keys, quiet) = await ReadDeletionsAsync(context);
        if (keys.Count is 0 or > MaxDeletions || keys.Contains(""))
        {
            await S3ErrorReply.MalformedXml.WriteAsync(context);
            return;
        }

        foreach (var key in keys)
            await store.DeleteAsync(bucket, key);
        await S3Xml.WriteAsync(context, "DeleteResult", S3Xml.Namespace, xml =>
        {
            foreach (var key in quiet ? [] : keys)
            {
                xml.WriteStartElement("Deleted");
                xml.WriteElementString("Key", key);
                xml.WriteEndElement();
            }
        });
    }

    /// <summary>Reads the body of DeleteObjects; no keys when it is not XML.</summary>
    private static async Task<(List<string> Keys, bool Quiet)> ReadDeletionsAsync(HttpContext context)
    {
        try
        {
            var document = await XDocument.LoadAsync(
                context.Request.Body, LoadOptions.PreserveWhitespace, context.RequestAborted);
            var root = document.Root!;
            var ns = root.Name.Namespace;
            var keys = root.Elements(ns + "Object").Select(o => o.Element(ns + "Key")?.Value ?? "");
            return ([.. keys], root.Element(ns + "Quiet")?.Value == "true");
        }
        catch (XmlException)
        {
            return ([], false);
        }
    }

    private static bool IsPreconditionFailed(IHeaderDictionary headers, StoredObject item) =>
        headers.IfMatch.Count > 0 ? !Matches(headers.IfMatch, item) : IsNewerThan(item, headers.IfUnmodifiedSince);

    private static bool IsNotModified(IHeaderDictionary headers, StoredObject item) =>
        headers.IfNoneMatch.Count > 0
            ? Matches(headers.IfNoneMatch, item)
            : headers.IfModifiedSince.Count > 0 && !IsNewerThan(item, headers.IfModifiedSince);

    /// <summary>Whether an If-Match or If-None-Match header matches this object.</summary>
    public static bool Matches(StringValues header, StoredObject item) =>
        header.ToString()
            .Split(',', StringSplitOptions.TrimEntries)
            .Any(tag => tag == "*" || tag == item.ETag || tag == item.Md5);

    private static bool IsNewerThan(StoredObject item, StringValues date) =>
        DateTimeOffset.TryParse(date.ToString(), out var limit)
            && item.Created.ToUnixTimeSeconds() > limit.ToUnixTimeSeconds();

    private static void Describe(HttpResponse response, StoredObject item)
    {
        response.Headers.ETag = item.ETag;
        response.Headers.LastModified = item.Created.ToString("R");
        response.ContentType = item.Traits.ContentType;
        if (item.Traits.ContentEncoding is { } encoding)
            response.Headers.ContentEncoding = encoding;
        foreach (var (name, value) in item.Traits.Metadata ?? new Dictionary<string, string>())
            response.Headers[MetadataPrefix + name] = value;
    }
}
