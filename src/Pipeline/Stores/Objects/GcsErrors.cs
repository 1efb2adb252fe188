using Pipeline.Ports;

namespace Pipeline.Stores.Objects;

/// <summary>Errors of GCS as the pipeline's own, with what to do about them.</summary>
internal static class GcsErrors
{
    /// <summary>Whether a 404 is the bucket's and not the object's; GCS tells only by its text.</summary>
    public static bool IsMissingBucket(string text) => text.Contains("bucket does not exist", StringComparison.OrdinalIgnoreCase);

    public static PipelineException NoCredentials(Exception e) => PipelineException.Permanent(
        FailureReasons.AccessDenied,
        $"There are no usable Google credentials: {e.Message.ReplaceLineEndings(" ")} Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or give the host a service account.",
        e);

    public static PipelineException NotTrusted(ObjectStoreOptions options, Exception e) => PipelineException.Permanent(
        FailureReasons.AccessDenied,
        $"Google refuses {options.GcsProvider}{(options.GcsServiceAccount is { } account ? $" as {account}" : "")} to the token for the audience '{options.TokenAudience}': {e.Message.ReplaceLineEndings(" ")} "
        + "Check GOOGLE_WORKLOAD_PROVIDER, and that it trusts this audience and the principal id of the identity (infra/gcp/results-bucket.sh)"
        + (options.GcsServiceAccount is null ? "." : "; and that the identity has roles/iam.workloadIdentityUser on the service account."),
        e);

    public static PipelineException Refused(ObjectUri uri, int status, string text)
    {
        var message = Message(text);
        var advice = status switch
        {
            400 when Says("requester pays") => $"The requester pays for the bucket '{uri.Bucket}'. Set GOOGLE_CLOUD_QUOTA_PROJECT to the project that shall pay.",
            403 when Says("serviceusage.services.use") => "Grant these credentials roles/serviceusage.serviceUsageConsumer on the project that GOOGLE_CLOUD_QUOTA_PROJECT names.",
            400 or 403 when Says("Cloud KMS") =>
                "It is encrypted with a key of Cloud KMS. Make sure that the key is enabled, and let the bucket's project use it: gcloud storage service-agent --project=PROJECT --authorize-cmek=KEY.",
            404 => $"The bucket '{uri.Bucket}' does not exist. Create it, or correct the storage URL.",
            401 => "The credentials are not valid. Check GOOGLE_APPLICATION_CREDENTIALS.",
            403 => $"Grant roles/storage.objectUser on the bucket '{uri.Bucket}' to these credentials "
                + "(without storage.objects.list a missing object, too, is answered with 403).",
            _ => "The request cannot succeed as it is; check the storage URL and STORAGE_EMULATOR_HOST.",
        };
        return PipelineException.Permanent(FailureReasons.AccessDenied, $"GCS answered {status} for {uri}{(message is null ? "" : $" ({message})")}. {advice}");

        bool Says(string words) => message?.Contains(words, StringComparison.OrdinalIgnoreCase) == true;
    }

    /// <summary>The message within GCS's JSON error; null for anything else.</summary>
    private static string? Message(string text)
    {
        try
        {
            using var json = System.Text.Json.JsonDocument.Parse(text);
            return json.RootElement.GetProperty("error").GetProperty("message").GetString()?.TrimEnd('.');
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
