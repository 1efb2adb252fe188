namespace Pipeline.Emulator.Buckets.S3;

/// <summary>An error answer of S3.</summary>
internal sealed record S3ErrorReply(int Status, string Code, string Message)
{
    /// <summary>Stands for no error.</summary>
    public static readonly S3ErrorReply None = new(200, "", "");
    public static readonly S3ErrorReply Archived =
        new(403, "InvalidObjectState", "The operation is not valid for the object's storage class");
    public static readonly S3ErrorReply AccessDenied = new(403, "AccessDenied", "Access Denied");
    public static readonly S3ErrorReply NoSuchBucket = new(404, "NoSuchBucket", "The specified bucket does not exist");
    public static readonly S3ErrorReply NoSuchKey = new(404, "NoSuchKey", "The specified key does not exist.");
    public static readonly S3ErrorReply PreconditionFailed = new(
        412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    public static readonly S3ErrorReply InvalidRange = new(
        416, "InvalidRange", "The requested range is not satisfiable");
    public static readonly S3ErrorReply InvalidBucketName = new(
        400, "InvalidBucketName", "The specified bucket is not valid.");
    public static readonly S3ErrorReply InvalidDigest = new(
        400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
    public static readonly S3ErrorReply IncompleteBody = new(
        400, "IncompleteBody", "The request body does not have as many bytes as its headers say.");
    public static readonly S3ErrorReply KeyTooLong = new(400, "KeyTooLongError", "Your key is too long");
    public static readonly S3ErrorReply MalformedXml = new(
        400, "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema");
    public static readonly S3ErrorReply MalformedTrailer = new(
        400, "MalformedTrailerError", "The trailer that the request headers name is missing or malformed.");
    public static readonly S3ErrorReply Sha256Mismatch =
        new(
            400, "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.");


    /// <summary>The error with a code that a fault can inject.</summary>
    public static S3ErrorReply ByCode(string code) => code switch
    {
        "ExpiredToken" => new(400, code, "The provided token has expired."),
        "InvalidAccessKeyId" => new(403, code, "The AWS Access Key Id you provided does not exist in our records."),
        "RequestTimeTooSkewed" => new(403, code, "The request time differs too much from the current time."),
        "RequestTimeout" => new(400, code, "Your socket connection was idle for too long."),
        "SlowDown" => new(503, code, "Please reduce your request rate."),
        _ => AccessDenied,
    };

    /// <summary>For an operation that the emulator does not have: names it, and what there is.</summary>
    public static S3ErrorReply NotImplemented(HttpRequest request) => new(
        501, "NotImplemented",
        $"This emulator has no S3 operation {Describe(request)}. It lists and creates buckets, and lists, reads, "
            + "writes and deletes objects, each in one request: no uploads in parts, copies, ACLs or tags.");

    private static string Describe(HttpRequest request)
    {
        var query = string.Join('&', request.Query.Keys.Take(5));
        var copy = request.Headers.ContainsKey("x-amz-copy-source") ? " with x-amz-copy-source" : "";
        return CleanText.Clean($"{request.Method}{(query.Length > 0 ? $" ?{query}" : "")}{copy}");
    }

    public static S3ErrorReply BadDigest(string what) =>
        new(400, "BadDigest", $"The {what} you specified did not match the calculated checksum.");

    public static S3ErrorReply InvalidArgument(string message) => new(400, "InvalidArgument", message);

    /// <summary>Answers with this error. The answer to a HEAD has no body, as in S3.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        await S3Xml.WriteAsync(context, "Error", ns: "", xml =>
        {
            xml.WriteElementString("Code", Code);
            xml.WriteElementString("Message", Message);
            xml.WriteElementString("Resource", context.Request.Path);
            xml.WriteElementString("RequestId", context.TraceIdentifier);
        });
    }
}
