using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using Pipeline.Collect.Normalize;

namespace Pipeline.Tests.Records;

/// <summary>Lines of records, with the digest that the pipeline itself computes.</summary>
internal static class RecordLine
{
    /// <summary>An id that is valid and differs for each number.</summary>
    public static string Id(int number) => number.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A record with one or two texts.</summary>
    public static string Of(
        int number, string? html = "<p>page</p>", string? text = null, string list = "list",
        string submission = "sub-0", string extra = "", JavaScriptEncoder? encoder = null)
    {
        var (digest, bytes) = Digest(("html", html), ("text", text));
        string[] members =
        [
            .. html is null ? Array.Empty<string>() : [$"\"html\":{Quote(html, encoder)}"],
            .. text is null ? Array.Empty<string>() : [$"\"text\":{Quote(text, encoder)}"],
        ];
        var content = members.Length == 0 ? "" : $"\"content\":{{{string.Join(',', members)}}},";
        var url = $"https://www.example.com/{number}";
        var line = $$"""
            {"schema":"pipeline.record/1","id":"{{Id(number)}}","list_id":"{{list}}","submission_id":"{{submission}}",
            "task_id":"t{{number}}","url":"{{url}}","line":{{number + 1}},"status":"success","http_status":200,
            "collected_at":"2026-03-19T10:00:04.000Z",{{content}}"content_digest":"{{digest}}",
            "content_bytes":{{bytes}},"source":{"uri":"s3://b/{{number}}.json","bytes":10,"compressed":false},
            "input":{"url":"{{url}}"}{{extra}}}
            """;
        return line.Replace("\n", "", StringComparison.Ordinal);
    }

    /// <summary>A failure.</summary>
    public static string Failure(int number, string reason = "task_failed", string list = "list")
    {
        var url = $"https://www.example.com/{number}";
        var line = $$"""
            {"schema":"pipeline.failure/1","id":"{{Id(number)}}","list_id":"{{list}}","submission_id":"sub-0",
            "url":"{{url}}","input":{"url":"{{url}}"},"stage":"collect","reason":"{{reason}}","message":"It failed.",
            "attempts":1,"last_attempt_at":"2026-03-19T10:00:04.000Z","retryable":true}
            """;
        return line.Replace("\n", "", StringComparison.Ordinal);
    }

    /// <summary>The digest and size of texts, as the pipeline computes them.</summary>
    public static (string Digest, long Bytes) Digest(params IEnumerable<(string Name, string? Text)> texts)
    {
        var digest = new ContentDigest();
        digest.Start();
        foreach (var (name, text) in texts)
        {
            if (text is null)
                continue;
            digest.StartField(Encoding.UTF8.GetBytes(name));
            digest.Append(Encoding.UTF8.GetBytes(text));
            digest.EndField();
        }
        return ($"xxh128:{digest.Hash:x32}", digest.ContentBytes);
    }

    /// <summary>A gzip member of one line with its line feed.</summary>
    public static byte[] Member(string line, CompressionLevel level = CompressionLevel.Fastest)
    {
        using var member = new MemoryStream();
        using (var gzip = new GZipStream(member, level, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(line + "\n"));
        return member.ToArray();
    }

    private static string Quote(string text, JavaScriptEncoder? encoder) =>
        $"\"{(encoder ?? JavaScriptEncoder.Default).Encode(text)}\"";
}
