using System.IO.Compression;
using System.Text;
using Pipeline.Model;

namespace Pipeline.Tests.Support;

/// <summary>Texts of messages in a storage queue, and the body that each host must read from them.</summary>
public static class MessageTexts
{
    private const string List = "https://a.example/\nhttps://b.example/\n";

    public static TheoryData<string, string> Pairs =>
        new()
        {
            { Base64(List), List },
            { Base64("""{"inputs":[{"url":"https://a.example/ü"}]}"""),
                """{"inputs":[{"url":"https://a.example/ü"}]}""" },
            // The command `base64` breaks its output into lines.
            { Convert.ToBase64String(Encoding.UTF8.GetBytes(List + List + List),
                Base64FormattingOptions.InsertLineBreaks), List + List + List },
            { Base64(List) + "\n", List },
            { List, List },
            { "[\"http://a.test/\"]", "[\"http://a.test/\"]" },
            { "url\nhttp://a.test/", "url\nhttp://a.test/" },
            { "not json at all", "not json at all" },
            { "jsontext", "jsontext" },
            { "abcd", "abcd" },
            { "", "" },
        };

    /// <summary>A gzipped list in base64.</summary>
    public static string Gzipped
    {
        get
        {
            using var compressed = new MemoryStream();
            using (var gzip = new GZipStream(compressed, CompressionMode.Compress))
                gzip.Write(Encoding.UTF8.GetBytes(List));
            return Convert.ToBase64String(compressed.ToArray());
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}

/// <summary>Messages on the pipeline's own queues that no stage sent.</summary>
public static class UnusableMessages
{
    private const string Task = "\"task_id\":\"t-1\",\"learnt\":\"Webhook\",\"since\":\"2026-01-01T00:00:00Z\"";

    public static TheoryData<string, string> Bodies =>
        new()
        {
            { QueueNames.Submissions, """{"nonsense":true}""" },
            { QueueNames.Submissions, "not json at all" },
            { QueueNames.Submissions, "null" },
            { QueueNames.Submissions, "[]" },
            { QueueNames.Submissions, """{"submission_id":null}""" },
            { QueueNames.Submissions, """{"submission_id":17}""" },
            { QueueNames.Submissions, """{"submission_id":"../a"}""" },
            { QueueNames.Submissions, """{"submission_id":"\ud800"}""" },
            { QueueNames.Submissions, """{"trace_parent":"x","trace_parent":"\ud800"}""" },
            { QueueNames.Results, """{"nonsense":true}""" },
            { QueueNames.Results,
                """{"submission_id":"l-000000","learnt":"Webhook","since":"2026-01-01T00:00:00Z"}""" },
            { QueueNames.Results, """{"submission_id":"l-000000","task_id":"t-1"}""" },
            { QueueNames.Results, $$"""{{{Task}}}""" },
            { QueueNames.Results, $$"""{"submission_id":"l-000000",{{Task}},"others":[null]}""" },
            { QueueNames.Results, $$"""{"submission_id":"l-000000",{{Task}},"others":["../x"]}""" },
            { QueueNames.Results, $$"""{"submission_id":"l-000000",{{Task}},"tries":-1}""" },
            { QueueNames.Results, $$"""{"submission_id":"l-000000",{{Task}},"tries":2147483647}""" },
            { QueueNames.Results, """{"submission_id":"l-000000","task_id":"t-1","learnt":99,"since":"2026-01-01T00:"""
                + """00:00Z"}""" },
            { QueueNames.Results, $$"""{"submission_id":"l-000000",{{Task}},"others":[{{Many}}]}""" },
        };

    private static string Many => string.Join(',', Enumerable.Range(2, 32).Select(i => $"\"t-{i}\""));
}
