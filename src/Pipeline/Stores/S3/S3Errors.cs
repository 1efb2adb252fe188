using System.Net;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.S3;
using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Stores.S3;

/// <summary>An error of S3.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">S3's error code, if any.</param>
/// <param name="Region">The bucket's region, if S3 reports it.</param>
/// <param name="Message">S3's message, if any.</param>
internal sealed record S3Error(int Status, string? Code, string? Region, string? Message);

/// <summary>Translates errors of S3 to <see cref="PipelineException"/>s that say what to do.</summary>
internal static partial class S3Errors
{
    /// <summary>The error code for a request whose time differs too much from S3's.</summary>
    public const string Skewed = "RequestTimeTooSkewed";

    // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    private static readonly StoreErrorTable Table = new(
        (StoreVerdict.Passes,
        [
            "RequestTimeout", "RequestTimeoutException", "SlowDown", "InternalError", "ServiceUnavailable",
                "OperationAborted",
            "Throttling", "ThrottlingException", "ThrottledException", "KMS.ThrottlingException", "RequestThrottled",
            "RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded",
            "PriorRequestNotComplete", "TransactionInProgressException",
        ]),
        (StoreVerdict.ThisObject, ["InvalidObjectState", "NoSuchVersion"]),
        (StoreVerdict.Refused,
        [
            "AccessDenied", "AllAccessDisabled", "AccountProblem", "ExpiredToken", "TokenRefreshRequired",
                "InvalidToken",
            "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestExpired", Skewed, "NoSuchBucket",
                "PermanentRedirect",
        ]));

    public static async Task<S3Error> ReadAsync(
        HttpResponseMessage response, TimeLimits limits, TimeProvider time, CancellationToken cancellationToken)
    {
        var text = await ObjectHttp.ReadErrorAsync(response, limits, time, cancellationToken);
        var region = response.Headers.NonValidated.TryGetValues("x-amz-bucket-region", out var values)
            ? values.FirstOrDefault()
            : null;
        return new(
            (int)response.StatusCode, Find(CodeElement()), region, WebUtility.HtmlDecode(Find(MessageElement())));

        string? Find(Regex element) => element.Match(text) is { Success: true } match ? match.Groups[1].Value : null;
    }

    /// <summary>Runs a call of the SDK and translates its exception, which it throws after its own retries.</summary>
    public static async Task<T> TranslateAsync<T>(
        ObjectUri uri, ObjectStoreOptions options, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (AmazonS3Exception e)
        {
            throw ToException(uri, options, new((int)e.StatusCode, e.ErrorCode, Region: null, e.Message), inner: e);
        }
        catch (AmazonServiceException e)
        {
            throw Unavailable(uri, Describe(e), e);
        }
        catch (AmazonClientException e)
        {
            throw e.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) || NamesProfile(e)
                ? NoCredentials(uri, e)
                : Unavailable(uri, Describe(e), e);
        }
        // The answer is truncated, or does not come from S3.
        catch (System.Xml.XmlException e)
        {
            throw Unavailable(uri, "returned an unreadable answer, which may come from a proxy", e);
        }
        catch (Exception e) when (Faults.IsOfConnection(e, cancellationToken))
        {
            throw Unavailable(uri, Faults.Describe(e), e);
        }
    }

    public static PipelineException NoCredentials(ObjectUri uri, Exception e) => PipelineException.Permanent(
        FailureReasons.AccessDenied,
        $"There are no AWS credentials for {uri}. {CredentialAdvice(Environment.GetEnvironmentVariable)}",
        e);

    /// <summary>What is wrong with the variables that should name the credentials, and what to do.</summary>
    /// <param name="read">Reads a variable by its name.</param>
    internal static string CredentialAdvice(Func<string, string?> read)
    {
        string? Get(string name) => read(name) is { Length: > 0 } value ? value : null;
        return (Get("AWS_ACCESS_KEY_ID"), Get("AWS_SECRET_ACCESS_KEY"), Get("AWS_PROFILE")) switch
        {
            (not null, null, _) => "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not. Set both.",
            (null, not null, _) => "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not. Set both.",
            (null, null, { } profile) =>
                $"AWS_PROFILE is {DisplayText.Quote(profile)}, and neither "
                    + $"{Get("AWS_SHARED_CREDENTIALS_FILE") ?? "~/.aws/credentials"} nor "
                    + $"{Get("AWS_CONFIG_FILE") ?? "~/.aws/config"} has usable credentials of that name. Correct the "
                    + "name ('aws configure list-profiles' shows them), or unset the variable.",
            _ => "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the host a role.",
        };
    }

    private static bool NamesProfile(AmazonClientException e) =>
        e.Message.StartsWith("Unable to find the \"", StringComparison.Ordinal)
            && e.Message.Contains("profile", StringComparison.Ordinal);

    /// <summary>
    /// Creates the error for a truncated page without a continuation token. The listing must not count as complete.
    /// </summary>
    public static PipelineException NoToken(ObjectUri prefix) => PipelineException.Transient(
        FailureReasons.Unavailable, $"The listing of {prefix} is truncated, and S3 returned no token for the rest.");

    /// <summary>Creates the exception for an error by the table, which SDK calls and our own reads share.</summary>
    public static PipelineException ToException(
        ObjectUri uri, ObjectStoreOptions options, S3Error error, TimeSpan? retryAfter = null, Exception? inner = null)
    {
        var verdict = Table.VerdictOf(error.Status, error.Code);
        var code = error.Code is null ? "" : " " + error.Code;
        if (verdict == StoreVerdict.Passes)
            return StoreErrorTable.ToException(
                verdict, $"S3 ({uri}) answered {error.Status}{code}.", PassingAdvice(error), retryAfter, inner);
        var where = options.S3Endpoint is { } endpoint ? $"S3 at {endpoint.Authority}" : $"S3 ({options.S3Region})";
        return StoreErrorTable.ToException(
            verdict, $"{where} answered {error.Status}{code} for {uri}.", Advice(uri, options, error), inner: inner);
    }

    private static string PassingAdvice(S3Error error) =>
        error.Code is "ThrottlingException" or "KMS.ThrottlingException"
        ? "KMS throttles the requests. A bucket key (BucketKeyEnabled) reduces them; or ask AWS for a larger quota."
        : "";

    private static string Advice(ObjectUri uri, ObjectStoreOptions options, S3Error error) => error switch
    {
        { Code: "InvalidObjectState" } =>
            "It is archived. Restore it, then run 'replay': "
            + $"aws s3api restore-object --bucket {uri.Bucket} --key '{uri.Key}' --restore-request Days=7.",
        { Code: "NoSuchBucket" } =>
            $"The bucket '{uri.Bucket}' does not exist there. Create it, or correct the storage URL.",
        { Region: { } region } when region != options.S3Region =>
            $"The bucket '{uri.Bucket}' is in {region}. Set AWS_REGION={region}.",
        { Status: 301 or 307 } => $"The bucket '{uri.Bucket}' is in another region. Set AWS_REGION to it.",
        { Code: "ExpiredToken" or "TokenRefreshRequired" } =>
            "The session of these credentials has expired. Check AWS_ACCESS_KEY_ID, "
                + "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
        { Code: "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken" } or { Status: 401 } =>
            "The credentials are not valid. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
        { Code: { } code } when code.StartsWith("KMS.", StringComparison.Ordinal) =>
            $"{KeyIn(error.Message)} cannot be used. Enable it, or cancel its deletion.",
        { Message: { } message } when KmsRefusal().IsMatch(message) =>
            $"{KeyIn(message)} refuses these credentials, not the bucket. "
            + "Allow kms:Decrypt (and kms:GenerateDataKey to write) in their own policy and in the key's policy.",
        { Code: Skewed } => "The clock of this machine is wrong by more than 15 minutes. Correct it.",
        { Status: 403 } =>
            $"Grant s3:GetObject and s3:PutObject on arn:aws:s3:::{uri.Bucket}/* and s3:ListBucket on "
                + $"arn:aws:s3:::{uri.Bucket} to these credentials "
            + "(without s3:ListBucket, a missing object is also answered with 403)."
            + (
                options.S3RequesterPays
                    ? ""
                    : " If the requester pays for the bucket, set AWS_REQUEST_PAYER=requester."),
        _ => "The request cannot succeed. Check the storage URL and the endpoint.",
    };

    private static string KeyIn(string? message) =>
        KmsKey().Match(message ?? "") is { Success: true } key
            ? $"The KMS key {key.Value}"
            : "The KMS key that it is encrypted with";

    private static PipelineException Unavailable(ObjectUri uri, string what, Exception inner) =>
        PipelineException.Transient(
            FailureReasons.Unavailable, $"S3 ({uri}) {what}.", inner: inner);

    /// <summary>Describes a fault of the SDK, for use after the name of the service in a sentence.</summary>
    public static string Describe(Exception e) => e switch
    {
        AmazonServiceException { StatusCode: > 0 } answered =>
            $"answered {(int)answered.StatusCode} {answered.ErrorCode}".TrimEnd(),
        AmazonServiceException or AmazonClientException => e.InnerException is { } inner
            ? Describe(inner)
            : $"failed: {e.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ')}",
        _ => Faults.Describe(e),
    };

    [GeneratedRegex("<Message>([^<]+)</Message>")]
    private static partial Regex MessageElement();

    [GeneratedRegex(@"\bkms:[A-Z]|ciphertext refers to a customer master key")]
    private static partial Regex KmsRefusal();

    [GeneratedRegex(@"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d+:(key|alias)/[\w/-]+")]
    private static partial Regex KmsKey();

    [GeneratedRegex("<Code>([A-Za-z0-9.]+)</Code>")]
    private static partial Regex CodeElement();
}
