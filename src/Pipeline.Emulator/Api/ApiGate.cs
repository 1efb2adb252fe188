using System.Security.Cryptography;
using System.Text;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>
/// Middleware for every request to the API: checks the key, writes rate headers, injects faults into GETs, and answers
/// errors in the API's shape.
/// </summary>
internal sealed class ApiGate(EmulatorOptions options, FaultInjector faults, FullDisk disk, HostileReplies hostile)
{
    /// <summary>
    /// The documented limit, in requests per minute. It is only reported: the faults <c>post_429</c> and <c>get_429</c>
    /// refuse requests on demand.
    /// </summary>
    private const int RateLimit = 5000;

    private const int FullDiskWaitMs = 2000;

    private long _minute;
    private int _requestsThisMinute;
    private long _gets;
    private long _requests;

    /// <summary>Number of requests to the API that had a valid key.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path;
        if (!path.StartsWithSegments("/v1") && !path.StartsWithSegments("/v2"))
        {
            await PassToBucketsAsync(context, next);
            return;
        }
        Confine(context.Response.Headers);
        WriteRateHeaders(context.Response.Headers);
        if (!HasKey(context.Request))
            await Replies.FailedAsync(
                context, 401, "Unauthorized: send the header 'Authorization: Bearer KEY' with a valid API key.");
        else
            await hostile.SendAsync(context, () => AnswerAsync(context, next));
    }

    /// <summary>Whether the request carries the API key; if none is set, any key.</summary>
    public bool HasKey(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        var key = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? header["Bearer ".Length..].Trim()
            : "";
        return IsKey(key);
    }

    /// <summary>Whether a text is the API key; if none is set, whether it is any key.</summary>
    public bool IsKey(string key) => options.ApiKey is null
        ? key.Length > 0
        : CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(options.ApiKey));

    private async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        var index = Interlocked.Increment(ref _requests);
        context.Items[typeof(Replies)] = faults.Word("reply_wrap", index);
        if (!HttpMethods.IsGet(context.Request.Method))
            await PassAsync(context, next);
        else if (faults.Happens("get_gzip", index))
            await GzipReply.SendAsync(context, () => PassAsync(context, next));
        else if (!await BreakGetAsync(context))
            await PassAsync(context, next);
    }

    private static async Task PassToBucketsAsync(HttpContext context, RequestDelegate next)
    {
        Confine(context.Response.Headers);
        try
        {
            await next(context);
        }
        catch (Exception error) when (MalformedBody.Is(error) && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
    }

    // A browser that opens an object or an answer must not run it as part of our own page, which switches faults.
    private static void Confine(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = "sandbox";
        headers.XContentTypeOptions = "nosniff";
    }

    private async Task PassAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            if (context.GetEndpoint() is null)
                await Replies.FailedAsync(
                    context, 404, $"The API has no {context.Request.Method} {context.Request.Path}.");
            else
                await next(context);
        }
        catch (BadHttpRequestException error) when (!context.Response.HasStarted)
        {
            await Replies.FailedAsync(context, error.StatusCode, error.Message);
        }
        // A POST that could not be written was not accepted. A 429 tells the client that it may send it again.
        catch (Exception error) when (!context.Response.HasStarted && disk.Explains(error))
        {
            if (HttpMethods.IsPost(context.Request.Method))
                await Replies.TooManyAsync(context, FullDiskWaitMs);
            else
                await Replies.FailedAsync(context, 503, "The emulator's disk is full.");
        }
        catch (Exception error) when (MalformedBody.Is(error) && !context.Response.HasStarted)
        {
            await Replies.FailedAsync(context, 400, "The body is not well-formed.");
        }
    }

    private async Task<bool> BreakGetAsync(HttpContext context)
    {
        var index = Interlocked.Increment(ref _gets);
        if (faults.Happens("get_429", index))
            await Replies.TooManyAsync(
                context, faults.Setting("retry_after_ms", 1000), faults.Happens("retry_after_past", index));
        else if (faults.Happens("get_500", index))
            await Replies.BrokenAsync(context, 500, null, "Injected: internal error.");
        else
            return false;
        return true;
    }

    private void WriteRateHeaders(IHeaderDictionary headers)
    {
        var minute = options.Time.GetUtcNow().ToUnixTimeSeconds() / 60;
        if (Interlocked.Exchange(ref _minute, minute) != minute)
            Interlocked.Exchange(ref _requestsThisMinute, 0);
        headers["ratelimit-limit"] = RateLimit.ToString();
        headers["ratelimit-remaining"] = Math.Max(
            0, RateLimit - Interlocked.Increment(ref _requestsThisMinute)).ToString();
    }
}
