using System.Text.Json;
using Google;
using Google.Apis.Auth.OAuth2.Responses;
using Pipeline.Http.Retrying;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Stores.Gcs;

/// <summary>An error of GCS.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">GCS's reason code, if any.</param>
/// <param name="Message">GCS's message, if any.</param>
internal sealed record GcsError(int Status, string? Reason, string? Message)
{
    /// <summary>Whether the bucket is missing, and not the object. Only GCS's message says which.</summary>
    public bool IsMissingBucket => Status == 404 && Says("bucket does not exist");

    public bool Says(string words) => Message?.Contains(words, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Parses GCS's JSON error. Any other text gives no reason and no message.</summary>
    public static GcsError Read(int status, string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var error = json.RootElement.GetProperty("error");
            var reason = error.TryGetProperty("errors", out var all) && all.GetArrayLength() > 0
                && all[0].TryGetProperty("reason", out var word)
                ? word.GetString() : null;
            return new(status, reason, error.GetProperty("message").GetString()?.TrimEnd('.'));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return new(status, null, null);
        }
    }
}

/// <summary>Translates errors of GCS to <see cref="PipelineException"/>s that say what to do.</summary>
internal static class GcsErrors
{
    // https://cloud.google.com/storage/docs/json_api/v1/status-codes
    private static readonly StoreErrorTable Table = new(
        (StoreVerdict.Passes,
            ["rateLimitExceeded", "userRateLimitExceeded", "backendError", "internalError", "uploadBrokenConnection"]),
        (StoreVerdict.ThisObject,
            ["resourceIsEncryptedWithCustomerEncryptionKey", "resourceNotEncryptedWithCustomerEncryptionKey"]));

    public static PipelineException NoCredentials(Exception e) => PipelineException.Permanent(
        FailureReasons.AccessDenied,
        Environment.GetEnvironmentVariable("GOOGLE_APPLICATION_CREDENTIALS") is { Length: > 0 } file
            ? $"GOOGLE_APPLICATION_CREDENTIALS is {DisplayText.Quote(file)}: {WordsOf(e)}. Download a new key of the "
                + "service account, and name its file."
            : $"There are no usable Google credentials: {WordsOf(e)}. Set GOOGLE_APPLICATION_CREDENTIALS to a key "
                + "file, run 'gcloud auth application-default login', or give the host a service account.",
        e);

    public static PipelineException NotTrusted(ObjectStoreOptions options, Exception e) => PipelineException.Permanent(
        FailureReasons.AccessDenied,
        $"Google refuses {options.GcsProvider}{(options.GcsServiceAccount is { } account ? $" as {account}" : "")} "
        + $"to the token for the audience '{options.TokenAudience}': {WordsOf(e)}. "
        + "Check GOOGLE_WORKLOAD_PROVIDER, and that it trusts this audience and the principal id of the identity "
        + "(infra/gcp/results-bucket.sh)"
        + (
            options.GcsServiceAccount is null
                ? "."
                : "; and that the identity has roles/iam.workloadIdentityUser on the service account."),
        e);

    /// <summary>
    /// The cause of a credential error, in plain words. The library's own texts name classes and quote its documents.
    /// </summary>
    private static string WordsOf(Exception e) => e switch
    {
        TokenResponseException { Error: { } answer } =>
            $"Google answered {answer.Error}"
                + (answer.ErrorDescription is { Length: > 0 } why ? $" ({why.TrimEnd('.')})" : ""),
        IOException or UnauthorizedAccessException => $"the file cannot be read: {FaultWords.Of(e)}",
        InvalidOperationException { InnerException: null }
            when e.Message.Contains("default credentials", StringComparison.Ordinal) =>
            "none were found on this machine",
        _ => "it is no key file of Google's",
    };

    /// <summary>
    /// Translates an exception of Google's library. Returns null for the caller's own cancellation and for bugs.
    /// </summary>
    public static PipelineException? Translate(
        Exception e, string what, ObjectUri uri, ObjectStoreOptions options,
        CancellationToken cancellationToken) => e switch
    {
        GoogleApiException answered when Read(answered) is { Status: 400 } error
            && error.Says("doesn't match calculated") =>
            PipelineException.Transient(
                FailureReasons.ObjectDamaged, $"{uri} was altered in transit ({error.Message}). Write it again.",
                inner: e),
        GoogleApiException answered => ToException(Read(answered), what, uri, inner: e),
        TokenResponseException { StatusCode: null or >= System.Net.HttpStatusCode.InternalServerError } =>
            PipelineException.Transient(
            FailureReasons.Unavailable, $"{what} failed: Google cannot issue an access token now.", inner: e),
        TokenResponseException => options.GcsProvider is null ? NoCredentials(e) : NotTrusted(options, e),
        // The answer is truncated, or an upload session has no address: the answer does not come from GCS.
        Newtonsoft.Json.JsonException or InvalidOperationException { Source: "System.Net.Http" } =>
            PipelineException.Transient(
            FailureReasons.Unavailable, $"{what} returned an unreadable answer; it may come from a proxy.", inner: e),
        _ when Faults.IsOfConnection(e, cancellationToken) =>
            PipelineException.Transient(FailureReasons.Unavailable, $"{what} {Faults.Describe(e)}.", inner: e),
        _ => null,
    };

    public static PipelineException ToException(
        GcsError error, string what, ObjectUri uri, TimeSpan? retryAfter = null, Exception? inner = null)
    {
        var verdict = Table.VerdictOf(error.Status, error.Reason);
        return verdict == StoreVerdict.Passes
            ? StoreErrorTable.ToException(verdict, $"{what} answered {error.Status}.", "", retryAfter, inner)
            : StoreErrorTable.ToException(
                verdict,
                $"GCS answered {error.Status} for {uri}{(error.Message is null ? "" : $" ({error.Message})")}.",
                Advice(error, uri),
                inner: inner);
    }

    private static string Advice(GcsError error, ObjectUri uri) => error.Status switch
    {
        400 when error.Says("requester pays") =>
            $"The requester pays for the bucket '{uri.Bucket}'. Set GOOGLE_CLOUD_QUOTA_PROJECT "
                + "to the project that pays.",
        403 when error.Says("serviceusage.services.use") =>
            "Grant these credentials roles/serviceusage.serviceUsageConsumer on the project that "
                + "GOOGLE_CLOUD_QUOTA_PROJECT names.",
        400 or 403 when error.Says("Cloud KMS") =>
            "It is encrypted with a Cloud KMS key. Make sure that the key is enabled, and allow the "
                + "bucket's project to use it: "
            + "gcloud storage service-agent --project=PROJECT --authorize-cmek=KEY.",
        404 => $"The bucket '{uri.Bucket}' does not exist. Create it, or correct the storage URL.",
        401 => "The credentials are not valid. Check GOOGLE_APPLICATION_CREDENTIALS.",
        403 => $"Grant roles/storage.objectUser on the bucket '{uri.Bucket}' to these credentials "
            + "(without storage.objects.list, a missing object is also answered with 403).",
        _ => "The request cannot succeed. Check the storage URL and STORAGE_EMULATOR_HOST.",
    };

    private static GcsError Read(GoogleApiException e) =>
        new((int)e.HttpStatusCode, e.Error?.Errors?.FirstOrDefault()?.Reason, e.Error?.Message?.TrimEnd('.'));
}
