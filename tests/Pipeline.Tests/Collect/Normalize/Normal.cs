using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Collect.Normalize;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Staging;

namespace Pipeline.Tests.Collect.Normalize;

/// <summary>Helpers to run the normalizer in tests.</summary>
internal static class Normal
{
    public const string Small =
        """{"url":"https://example.com/ü","task_id":"t-1","status":"success","data":"""
            + """{"html":"<p>Grüße \u00fc \"x\"</p>\n","parsing":{"a":[1, 2]}},"metadata":{"query_duration":"""
            + """1877,"driver":"vx6"},"status_code":200}""";

    public static RecordContext Context { get; } = new()
    {
        ListId = "list",
        SubmissionId = "list-000000",
        BatchId = "batch",
        TaskId = "t-1",
        Input = new()
        {
            SubmissionId = "list-000000",
            Ordinal = 0,
            Id = "0123456789abcdef0123456789abcdef",
            Url = "https://example.com/?q=ü&r=<1>",
            Input = """{"url":"https://example.com/?q=ü&r=<1>","country":"DE"}""",
            Line = 1,
        },
        SharedInputs = """{"locale":"de-DE","render":true}""",
        SourceUri = "s3://bucket/list/list-000000/t-1.json",
        SourceETag = "abc",
        RequestedAt = new DateTimeOffset(2026, 1, 24, 12, 36, 24, 685, TimeSpan.Zero),
        CollectedAt = new DateTimeOffset(2026, 1, 24, 13, 0, 0, TimeSpan.FromHours(1)),
    };

    public static byte[] Bytes(string json) => Encoding.UTF8.GetBytes(json);

    public static byte[] Gzip(ReadOnlySpan<byte> bytes, CompressionLevel level = CompressionLevel.Optimal)
    {
        // For empty input, GZipStream writes no bytes; gzip itself writes an empty member.
        if (bytes.Length == 0)
            return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, level, leaveOpen: true))
            gzip.Write(bytes);
        return stored.ToArray();
    }

    public static Task<NormalizedResult> NormalizeAsync(byte[] stored, CollectOptions? options = null) =>
        new ResultNormalizer(options ?? new()).NormalizeAsync(
            new MemoryStream(stored), TestContext.Current.CancellationToken).AsTask();

    /// <summary>Normalizes an object and returns the line of its record.</summary>
    public static async Task<string> RecordAsync(byte[] stored, CollectOptions? options = null, Stream? from = null)
    {
        using var result = await new ResultNormalizer(options ?? new()).NormalizeAsync(
            from ?? new MemoryStream(stored), TestContext.Current.CancellationToken);
        await using var record = RecordComposer.Compose(result, Context);
        return await TextAsync(record);
    }

    /// <summary>Normalizes an object and discards its record.</summary>
    public static async Task RecordOnlyAsync(byte[] stored)
    {
        using var result = await NormalizeAsync(stored);
        await using var record = RecordComposer.Compose(result, Context);
        record.CopyTo(Stream.Null);
    }

    public static async Task<string> TextAsync(StagedRecord record)
    {
        var (once, twice) = (new MemoryStream(), new MemoryStream());
        record.CopyTo(once);
        await record.CopyToAsync(twice, TestContext.Current.CancellationToken);
        Assert.Equal(record.Bytes, once.Length);
        Assert.Equal(once.ToArray(), twice.ToArray());
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(once.ToArray());
    }

    /// <summary>The record without the members that depend on how the object was compressed.</summary>
    public static string SourceLess(string record) =>
        Regex.Replace(record, "\"bytes\":[0-9]+,\"compressed\":(true|false)", "");

    public static async Task<PipelineException> FaultAsync(
        byte[] stored, CollectOptions? options = null, Stream? from = null) =>
        await Assert.ThrowsAsync<PipelineException>(() =>
            new ResultNormalizer(options ?? new()).NormalizeAsync(
                from ?? new MemoryStream(stored), TestContext.Current.CancellationToken).AsTask());

    /// <summary>Expects a fault with this reason: damage is transient, everything else permanent.</summary>
    public static async Task<string> ExpectAsync(
        string reason, byte[] stored, CollectOptions? options = null, Stream? from = null)
    {
        var fault = await FaultAsync(stored, options, from);
        Assert.Equal(reason, fault.Reason);
        Assert.Equal(reason != FailureReasons.ObjectDamaged, fault.IsPermanent);
        return fault.Message;
    }
}
