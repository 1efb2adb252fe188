using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using Pipeline.Model;

namespace Pipeline.Notify;

/// <summary>
/// Composes the events as CloudEvents in JSON. The id of an event derives from what it says: a close that is repeated
/// after a crash has the same id, and a list that closes again with another outcome has another one.
/// </summary>
internal static class Events
{
    private const int IdDigits = 32;

    /// <summary>The media type of the bodies.</summary>
    public const string MediaType = "application/cloudevents+json";

    /// <summary>The event of a list that closed.</summary>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="address">Address of the manifest.</param>
    /// <param name="now">The current time.</param>
    public static NotificationMessage Of(Manifest manifest, string address, DateTimeOffset now)
    {
        var data = new ListClosed
        {
            ListId = manifest.ListId,
            Source = manifest.Source,
            Api = manifest.Api,
            Inputs = manifest.Inputs,
            Records = manifest.Records,
            Failures = manifest.Failures,
            Duplicates = manifest.Duplicates,
            FailuresByReason = manifest.FailuresByReason,
            RecordsByHttpStatus = manifest.RecordsByHttpStatus,
            EstimatedCost = manifest.EstimatedCost,
            CreatedAt = manifest.CreatedAt,
            ClosedAt = manifest.ClosedAt,
            DurationMs = manifest.DurationMs,
            Manifest = address,
        };
        var outcome = manifest.Submissions.SelectMany<ManifestSubmission, object>(
            submission => [submission.SubmissionId, submission.Records, submission.Failures]);
        return Compose(
            "pipeline.list.closed", manifest.ListId, manifest.ListId, manifest.ClosedAt, now, data,
            EventJson.Default.ListClosed, [manifest.Records, manifest.Failures, .. outcome]);
    }

    /// <summary>The event of a submission that closed.</summary>
    public static NotificationMessage Of(SubmissionEntry closed, DateTimeOffset now) => Compose(
        "pipeline.submission.closed", closed.ListId, closed.SubmissionId, now, now, new SubmissionClosed
        {
            SubmissionId = closed.SubmissionId,
            ListId = closed.ListId,
            BatchId = closed.BatchId,
            Records = closed.Records,
            Failures = closed.Failures,
            Attempt = closed.Attempt,
        },
        EventJson.Default.SubmissionClosed, [closed.Records, closed.Failures]);

    /// <summary>An event without meaning; its id is new at each moment.</summary>
    public static NotificationMessage Test(DateTimeOffset now) => Compose(
        "pipeline.test", "test", "test", now, now,
        new TestData("This is a test. Nothing happened."), EventJson.Default.TestData, [now.UtcTicks]);

    private static NotificationMessage Compose<T>(
        string type, string listId, string subject, DateTimeOffset at, DateTimeOffset now, T data,
        JsonTypeInfo<T> json, IReadOnlyList<object> outcome)
    {
        var id = Hash([type, subject, .. outcome]);
        var message = new CloudEvent
        {
            Id = id,
            Type = type,
            Source = new Uri($"/lists/{Uri.EscapeDataString(listId)}", UriKind.Relative),
            Subject = subject,
            Time = at.ToUniversalTime(),
            DataContentType = "application/json",
            Data = JsonSerializer.SerializeToElement(data, json),
        };
        var body = new JsonEventFormatter().EncodeStructuredModeMessage(message, out _);
        return new(id, Encoding.UTF8.GetString(body.Span), now);
    }

    private static string Hash(IEnumerable<object> parts)
    {
        var text = string.Join('\n', parts.Select(part => Convert.ToString(part, CultureInfo.InvariantCulture)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..IdDigits];
    }
}
