using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Notify;

/// <summary>
/// Composes the events as CloudEvents in JSON. An event's id derives from its content: a close that is repeated after a
/// crash has the same id, and a list that closes again with another outcome has a different one.
/// </summary>
internal static class Events
{
    private const int IdDigits = 32;

    private static readonly JsonEventFormatter Formatter = new(EventJson.Default.Options, default);

    // Lists of any length, and the format of the file itself.
    private static readonly string[] OnlyInTheManifest = ["schema", "submissions", "locations"];

    /// <summary>The media type of the bodies.</summary>
    public const string MediaType = "application/cloudevents+json";

    /// <summary>The event of a list that closed: its manifest without submissions and locations.</summary>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="address">Address of the manifest.</param>
    /// <param name="now">The current time.</param>
    public static NotificationMessage Of(Manifest manifest, string address, DateTimeOffset now)
    {
        var data = JsonSerializer.SerializeToNode(manifest, PipelineJson.Plain.Manifest)!.AsObject();
        foreach (var name in OnlyInTheManifest)
            data.Remove(name);
        data["manifest"] = address;
        var outcome = manifest.Submissions.SelectMany<ManifestSubmission, object>(
            submission => [submission.SubmissionId, submission.Records, submission.Failures]);
        return Compose(
            "pipeline.list.closed", manifest.ListId, manifest.ListId, manifest.ClosedAt, now, data,
            EventJson.Default.JsonObject, [manifest.Records, manifest.Failures, .. outcome]);
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

    /// <summary>A test event. Its id differs each time.</summary>
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
        var body = Formatter.EncodeStructuredModeMessage(message, out _);
        return new(id, Encoding.UTF8.GetString(body.Span), now);
    }

    private static string Hash(IEnumerable<object> parts)
    {
        var text = string.Join('\n', parts.Select(part => Convert.ToString(part, CultureInfo.InvariantCulture)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..IdDigits];
    }
}
