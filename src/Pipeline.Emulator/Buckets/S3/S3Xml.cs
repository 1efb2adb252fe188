using System.Text;
using System.Xml;

namespace Pipeline.Emulator.Buckets.S3;

/// <summary>Writes S3's XML answers.</summary>
internal static class S3Xml
{
    public const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

    // Keys may have characters that XML 1.0 does not allow. S3 writes them as character references anyway.
    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new UTF8Encoding(false),
        CheckCharacters = false,
    };

    public static async Task WriteAsync(HttpContext context, string root, string ns, Action<XmlWriter> write)
    {
        using var body = new MemoryStream();
        using (var xml = XmlWriter.Create(body, Settings))
        {
            xml.WriteStartElement(root, ns);
            write(xml);
            xml.WriteEndElement();
        }

        context.Response.ContentType = "application/xml";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }
}
