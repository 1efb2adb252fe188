using System.Net;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.S3;
using Pipeline.Ports;

namespace Pipeline.Stores.Objects;

/// <summary>An error of S3.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">S3's own word for it, where there is one.</param>
/// <param name="Region">The region the bucket is in, where S3 says so.</param>
/// <param name="Message">S3's own sentence, where there is one.</param>
internal sealed record S3Error(int Status, string? Code, string? Region, string? Message)
{
    /// <summary>Whether KMS has had too many requests, which S3 passes on as a 400.</summary>
    public bool IsThrottled => Code?.EndsWith("ThrottlingException", StringComparison.Ordinal) == true;
}

/// <summary>Errors of S3 as the pipeline's own, with what to do about them.</summary>
internal static partial class S3Errors
{
    public static async Task<S3Error> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await ObjectHttp.ReadErrorAsync(response, cancellationToken);
        var region = response.Headers.NonValidated.TryGetValues("x-amz-bucket-region", out var values) ? values.FirstOrDefault() : null;
        return new((int)response.StatusCode, Find(CodeElement()), region, WebUtility.HtmlDecode(Find(MessageElement())));

        string? Find(Regex element) => element.Match(text) is { Success: true } match ? match.Groups[1].Value : null;
    }

    /// <summary>Runs a call of the SDK, whose own few tries are over when it throws.</summary>
    public static async Task<T> TranslateAsync<T>(ObjectUri uri, ObjectStoreOptions options, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (AmazonS3Exception e) when (new S3Error((int)e.StatusCode, e.ErrorCode, Region: null, e.Message) is { IsThrottled: true } error)
        {
            throw Throttled(uri, error, e);
        }
        catch (AmazonS3Exception e) when ((int)e.StatusCode is >= 300 and < 500 and not (408 or 429) && e.ErrorCode is not ("RequestTimeout" or "SlowDown"))
        {
            throw Refused(uri, options, new((int)e.StatusCode, e.ErrorCode, Region: null, e.Message), e);
        }
        catch (AmazonServiceException e)
        {
            throw Unavailable(uri, $"{(int)e.StatusCode} {e.ErrorCode}".Trim(), e);
        }
        catch (AmazonClientException e)
        {
            throw e.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) ? NoCredentials(uri, e) : Unavailable(uri, e.Message, e);
        }
        catch (Exception e) when (Http.RetryingHttp.IsConnectionFault(e, cancellationToken))
        {
            throw Unavailable(uri, e.Message, e);
        }
    }

    public static PipelineException NoCredentials(ObjectUri uri, Exception e) => PipelineException.Permanent(
        FailureReasons.AccessDenied,
        $"There are no AWS credentials for {uri}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the host a role.",
        e);

    public static PipelineException Refused(ObjectUri uri, ObjectStoreOptions options, S3Error error, Exception? inner = null)
    {
        var where = options.S3Endpoint is { } endpoint ? $"S3 at {endpoint.Authority}" : $"S3 ({options.S3Region})";
        var said = $"{where} answered {error.Status}{(error.Code is null ? "" : " " + error.Code)} for {uri}";
        var advice = error switch
        {
            { Code: "NoSuchBucket" } => $"The bucket '{uri.Bucket}' does not exist there. Create it, or correct the storage URL.",
            { Region: { } region } when region != options.S3Region => $"The bucket '{uri.Bucket}' is in {region}. Set AWS_REGION={region}.",
            { Status: 301 or 307 } => $"The bucket '{uri.Bucket}' is in another region. Set AWS_REGION to it.",
            { Code: "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken" or "ExpiredToken" } or { Status: 401 } =>
                "The credentials are not valid there. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
            { Code: { } code } when code.StartsWith("KMS.", StringComparison.Ordinal) => $"{KeyIn(error.Message)} cannot be used. Enable it, or cancel its deletion.",
            { Message: { } message } when KmsRefusal().IsMatch(message) =>
                $"{KeyIn(message)} refuses these credentials, not the bucket. Allow them kms:Decrypt (to write, kms:GenerateDataKey too) in their own policy and in the key's.",
            { Code: "RequestTimeTooSkewed" } => "The clock of this machine is wrong by more than 15 minutes. Set it.",
            { Status: 403 } =>
                $"Grant s3:GetObject and s3:PutObject on arn:aws:s3:::{uri.Bucket}/* and s3:ListBucket on arn:aws:s3:::{uri.Bucket} to these credentials "
                + "(without s3:ListBucket a missing object, too, is answered with 403)."
                + (options.S3RequesterPays ? "" : " Where the requester pays for the bucket, set AWS_REQUEST_PAYER=requester."),
            _ => "The request cannot succeed as it is; check the storage URL and the endpoint.",
        };
        return PipelineException.Permanent(FailureReasons.AccessDenied, $"{said}. {advice}", inner);
    }

    public static PipelineException Throttled(ObjectUri uri, S3Error error, Exception? inner = null) => PipelineException.Transient(
        FailureReasons.Unavailable,
        $"S3, asked for {uri}, failed: {error.Status} {error.Code}. KMS has too many requests; a bucket key (BucketKeyEnabled) makes them few, or ask AWS for a larger quota.",
        inner: inner);

    private static string KeyIn(string? message) => KmsKey().Match(message ?? "") is { Success: true } key ? $"The KMS key {key.Value}" : "The KMS key that it is encrypted with";

    private static PipelineException Unavailable(ObjectUri uri, string what, Exception inner) =>
        PipelineException.Transient(FailureReasons.Unavailable, $"S3, asked for {uri}, failed: {what}.", inner: inner);

    [GeneratedRegex("<Message>([^<]+)</Message>")]
    private static partial Regex MessageElement();

    [GeneratedRegex(@"\bkms:[A-Z]|ciphertext refers to a customer master key")]
    private static partial Regex KmsRefusal();

    [GeneratedRegex(@"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d+:(key|alias)/[\w/-]+")]
    private static partial Regex KmsKey();

    [GeneratedRegex("<Code>([A-Za-z0-9.]+)</Code>")]
    private static partial Regex CodeElement();
}
