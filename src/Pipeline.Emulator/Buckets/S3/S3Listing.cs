using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Xml;

namespace Pipeline.Emulator.Buckets.S3;

/// <summary>Answers ListObjectsV2 and ListBuckets.</summary>
internal static class S3Listing
{
    private const int MaxKeys = 1000;

    public static async Task ListAsync(HttpContext context, BucketStore store, string bucket)
    {
        var query = context.Request.Query;
        string Get(string name) => query[name].ToString();
        if (!int.TryParse(Get("max-keys") is { Length: > 0 } text ? text : "1000", out var limit) || limit < 0)
        {
            await S3ErrorReply.InvalidArgument(
                "Provided max-keys not an integer or within integer range").WriteAsync(context);
            return;
        }

        byte[]? cursor = Get("start-after") is { Length: > 0 } after ? BucketStore.After(after) : null;
        var token = Get("continuation-token");
        if (token.Length > 0 && !TryReadToken(token, out cursor))
        {
            await S3ErrorReply.InvalidArgument("The continuation token provided is incorrect").WriteAsync(context);
            return;
        }

        limit = Math.Min(limit, MaxKeys);
        var page = limit == 0 ? new([], [], null) : store.List(bucket, Get("prefix"), Get("delimiter"), cursor, limit);
        await S3Xml.WriteAsync(
            context,
            "ListBucketResult",
            S3Xml.Namespace,
            xml => WritePage(xml, bucket, query, limit, page));
    }

    public static Task ListBucketsAsync(HttpContext context, BucketStore store) =>
        S3Xml.WriteAsync(context, "ListAllMyBucketsResult", S3Xml.Namespace, xml =>
        {
            xml.WriteStartElement("Buckets");
            foreach (var (name, created) in store.Buckets())
            {
                xml.WriteStartElement("Bucket");
                xml.WriteElementString("Name", name);
                xml.WriteElementString("CreationDate", Time(created));
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        });

    private static void WritePage(XmlWriter xml, string bucket, IQueryCollection query, int limit, ObjectPage page)
    {
        var url = query["encoding-type"] == "url";
        xml.WriteElementString("Name", bucket);
        xml.WriteElementString("Prefix", Encode(query["prefix"].ToString(), url));
        if (query.TryGetValue("delimiter", out var delimiter))
            xml.WriteElementString("Delimiter", Encode(delimiter.ToString(), url));
        if (query.TryGetValue("start-after", out var startAfter))
            xml.WriteElementString("StartAfter", Encode(startAfter.ToString(), url));
        if (query["continuation-token"].ToString() is { Length: > 0 } token)
            xml.WriteElementString("ContinuationToken", token);
        if (url)
            xml.WriteElementString("EncodingType", "url");
        xml.WriteElementString("KeyCount", XmlConvert.ToString(page.Objects.Count + page.Prefixes.Count));
        xml.WriteElementString("MaxKeys", XmlConvert.ToString(limit));
        xml.WriteElementString("IsTruncated", XmlConvert.ToString(page.NextCursor is not null));
        if (page.NextCursor is not null)
            xml.WriteElementString("NextContinuationToken", Base64Url.EncodeToString(page.NextCursor));
        WriteEntries(xml, page, url);
    }

    private static void WriteEntries(XmlWriter xml, ObjectPage page, bool url)
    {
        foreach (var item in page.Objects)
        {
            xml.WriteStartElement("Contents");
            xml.WriteElementString("Key", Encode(item.Key, url));
            xml.WriteElementString("LastModified", Time(item.Created));
            xml.WriteElementString("ETag", item.ETag);
            xml.WriteElementString("Size", XmlConvert.ToString(item.Bytes));
            xml.WriteElementString("StorageClass", "STANDARD");
            xml.WriteEndElement();
        }

        foreach (var prefix in page.Prefixes)
        {
            xml.WriteStartElement("CommonPrefixes");
            xml.WriteElementString("Prefix", Encode(prefix, url));
            xml.WriteEndElement();
        }
    }

    private static bool TryReadToken(string token, out byte[]? cursor)
    {
        cursor = Base64Url.IsValid(token) ? Base64Url.DecodeFromChars(token) : null;
        return cursor is not null;
    }

    // S3's URL encoding keeps slashes and turns spaces into plus signs.
    private static string Encode(string text, bool url) =>
        url ? new StringBuilder(Uri.EscapeDataString(text)).Replace("%2F", "/").Replace("%20", "+").ToString() : text;

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
