using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>
/// What a storage queue can carry as it is. A message travels as the text of an XML element: at most 64 KiB, and nothing that XML cannot write or
/// reads back as something else (a carriage return becomes a line feed). https://learn.microsoft.com/rest/api/storageservices/put-message
/// </summary>
internal static class MessageText
{
    /// <summary>The largest message, counted as XML. The service's limit is 64 KiB and is not told of escapes; the rest is left to it.</summary>
    public const int MaxBytes = 63 * 1024;

    /// <summary>The message as text; null when the queue would refuse it or change it.</summary>
    public static string? TryEncode(ReadOnlySpan<byte> body)
    {
        if (body.Length is 0 or > MaxBytes || !Utf8.IsValid(body) || char.IsWhiteSpace((char)body[0]) || char.IsWhiteSpace((char)body[^1]))
            return null;
        var text = Encoding.UTF8.GetString(body);
        var bytes = body.Length;
        foreach (var c in text)
        {
            switch (c)
            {
                case '&':
                    bytes += 4;
                    break;
                case '<' or '>':
                    bytes += 3;
                    break;
                case '\r' or '\uFEFF' or '\uFFFE' or '\uFFFF':
                case < ' ' and not ('\t' or '\n'):
                    return null;
            }
        }
        return bytes <= MaxBytes ? text : null;
    }

    /// <summary>
    /// The bytes that a message's text stands for: those of base64, in which the portal, Storage Explorer and older SDKs send, else its own.
    /// A list of URLs and JSON hold characters that base64 lacks; a text of letters only counts as base64 when it decodes to UTF-8 or gzip.
    /// </summary>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> text)
    {
        // Base64.IsValid ignores blanks, and words with blanks between them are no base64.
        if (text.IsEmpty || text.Span.ContainsAny(" \t"u8) || !Base64.IsValid(text.Span))
            return text;
        var bytes = Convert.FromBase64String(Encoding.ASCII.GetString(text.Span));
        return bytes is [0x1f, 0x8b, ..] || (bytes.Length > 0 && Utf8.IsValid(bytes)) ? bytes : text;
    }
}
