using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Model;
using Pipeline.Model.Series;

namespace Pipeline.Tests.Support;

/// <summary>Sample entries with every field set, so that a store that forgets one fails its tests.</summary>
public static partial class Some
{
    public static readonly DateTimeOffset Time = new DateTimeOffset(
        2026, 3, 19, 10, 0, 0, TimeSpan.Zero).AddTicks(1_234_567);

    public static ReadOnlyMemory<byte> Body(string text) => Encoding.UTF8.GetBytes($$"""{"text":"{{text}}"}""");

    public static ListEntry List(string listId = "list") => new()
    {
        ListId = listId,
        State = ListState.Planning,
        Source = "urls.txt",
        Inputs = 5_000_000_000,
        Duplicates = 2,
        Invalid = 3,
        Submissions = 4,
        CreatedAt = Time,
        Setback = Setback("no manifest"),
        ContentHash = new('a', 64),
        Message = "Why it was refused.",
        Steering = ListSteering.Paused,
        SteeredAt = Time.AddMinutes(3),
        Series = "prices",
        LeftOut = 6,
        Known = 7,
        KnownSince = Time.AddDays(-1),
        Removed = 8,
        RevisionOf = "earlier",
    };

    public static SeriesEntry SeriesEntry(int number, DateTimeOffset? runAt = null, string listId = "list") => new()
    {
        Key = number.ToString("x32", CultureInfo.InvariantCulture),
        Outcome = new($"xxh128:{number:x32}", $"xxh128:{number + 1:x32}", 200),
        RecordId = $"record-{number}",
        ListId = listId,
        RunAt = runAt ?? Time,
        RecordedAt = (runAt ?? Time).AddMinutes(1),
    };

    public static Setback Setback(string message) => new()
    {
        Reason = FailureReasons.Unavailable,
        Message = message,
        Since = Time.AddSeconds(-9),
        Until = Time.AddSeconds(9),
        Faults = 2,
    };

    public static SubmissionEntry Submission(string listId = "list", int sequence = 0, int count = 3) => new()
    {
        SubmissionId = $"{listId}-{sequence:D6}",
        ListId = listId,
        Sequence = sequence,
        State = SubmissionState.Planned,
        Count = count,
        SharedInputs = """{"country":"CA"}""",
        StorageUrl = $"s3://bucket/{listId}/",
        Compressed = true,
        HasCallback = true,
        Series = "prices",
        CompletedAt = Time.AddSeconds(-1),
        DueAt = Time,
        PollCount = 1,
        CompletedCount = 2,
        WaitsFor = $"{listId}-000000",
        Hold = HoldReason.Canary,
        HeldSince = Time.AddSeconds(-2),
        FirstCallbackAt = Time.AddSeconds(-3),
        Setback = Setback("no API"),
        ResultSetback = Setback("no bucket ☃"),
        NotBefore = Time.AddSeconds(-4),
        Message = "Ünïcode 😀 \"quoted\"\n",
    };

    public static InputEntry Input(string submissionId, int ordinal, string? url = null) => new()
    {
        SubmissionId = submissionId,
        Ordinal = ordinal,
        Id = $"{submissionId}-{ordinal}",
        Url = url ?? $"https://example.com/{ordinal}",
        Input = $$"""{"url":"https://example.com/{{ordinal}}","country":"FR"}""",
        Line = ordinal + 1,
        Kept = """{"SKU":"007"}""",
        HttpStatus = 404,
        Failure = "{}",
        Series = new()
        {
            Key = ordinal.ToString("x32", CultureInfo.InvariantCulture),
            Previous = new("xxh128:a", null, null),
            PreviousVersion = "W/\"1\"",
            Current = new("xxh128:b", "xxh128:c", 200),
            Change = RecordChange.Changed,
        },
    };

    public static IReadOnlyList<InputEntry> Inputs(SubmissionEntry submission) =>
        [.. Enumerable.Range(0, submission.Count).Select(ordinal => Input(submission.SubmissionId, ordinal))];

    public static Failure Failure(string id, string message = "Nimble says no.", string listId = "list") => new()
    {
        Id = id,
        ListId = listId,
        SubmissionId = $"{listId}-000000",
        Url = "https://example.com/",
        Input = JsonSerializer.SerializeToElement(new { url = "https://example.com/" }),
        Stage = "collect",
        Reason = FailureReasons.TaskFailed,
        Message = message,
        Attempts = 1,
        LastAttemptAt = Time,
        Retryable = true,
    };

    public static Manifest Manifest(
        string listId = "list", long records = 2, long failures = 1,
        IReadOnlyList<RecordLocation>? locations = null) => new()
    {
        ListId = listId,
        Inputs = records + failures,
        Records = records,
        Failures = failures,
        Duplicates = 4,
        FailuresByReason = new Dictionary<string, long> { [FailureReasons.TaskFailed] = failures },
        RecordsByHttpStatus = new Dictionary<string, long> { ["200"] = records },
        DiscoveredBy = new Dictionary<string, long> { ["webhook"] = records },
        Submissions = [],
        Locations = locations ?? [],
        CreatedAt = Time,
        ClosedAt = Time.AddSeconds(1),
        DurationMs = 1000,
    };
}
