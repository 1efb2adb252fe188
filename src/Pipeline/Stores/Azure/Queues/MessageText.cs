using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>
/// Converts messages to the text that a storage queue can hold. A message is sent as the text of an XML element: at
/// most 64 KiB, without characters that XML cannot represent or changes (a carriage return becomes a line feed).
/// https://learn.microsoft.com/rest/api/storageservices/put-message
/// </summary>
internal static class MessageText
{
    /// <summary>
    /// Maximum size of a message in bytes, with XML escapes. The service's limit is 64 KiB; its documentation does not
    /// say how escapes count, so this leaves a margin.
    /// </summary>
    public const int MaxBytes = 63 * 1024;

    /// <summary>Returns the message as text; null if the queue would refuse or change it.</summary>
    public static string? TryEncode(ReadOnlySpan<byte> body)
    {
        if (body.Length is 0 or > MaxBytes || !Utf8.IsValid(body) || char.IsWhiteSpace((char)body[0])
            || char.IsWhiteSpace((char)body[^1]))
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
    /// Decodes base64, which the portal, Storage Explorer and older SDKs send. Returns other text unchanged. Lists of
    /// URLs and JSON contain characters that base64 does not have. Text that consists only of letters counts as base64
    /// only if it decodes to UTF-8 or gzip.
    /// </summary>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> text)
    {
        // Base64.IsValid ignores blanks, but words separated by blanks are not base64.
        if (text.IsEmpty || text.Span.ContainsAny(" \t"u8) || !Base64.IsValid(text.Span))
            return text;
        var bytes = Convert.FromBase64String(Encoding.ASCII.GetString(text.Span));
        return bytes is [0x1f, 0x8b, ..] || (bytes.Length > 0 && Utf8.IsValid(bytes)) ? bytes : text;
    }
}
