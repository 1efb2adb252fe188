using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Callback;

namespace Pipeline.Functions;

/// <summary>
/// HTTP POST <c>api/callbacks/{submission}/{token}</c> to <see cref="CallbackStage"/>. Anonymous to the host: the token in the path is the key.
/// </summary>
internal sealed class CallbackFunction(CallbackStage stage)
{
    /// <summary><see cref="CallbackStage.Route"/> below the host's prefix <c>api</c>.</summary>
    internal const string Route = "callbacks/{submission}/{token}";

    [Function("Callback")]
    public async Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Route)] HttpRequest request, string submission, string token)
    {
        try
        {
            // The stage has its own limits; the server's would break the connection where an answer is due.
            if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
                size.MaxRequestBodySize = null;
            var answer = await stage.HandleAsync(submission, token, request.Body, request.HttpContext.RequestAborted);
            if (answer == CallbackAnswer.TooMany)
                request.HttpContext.Response.Headers.RetryAfter = CallbackStage.RetryAfter;
            return Results.StatusCode((int)answer);
        }
        catch (OperationCanceledException) when (request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // Whoever called has hung up: nobody reads the answer, and a webhook that was not taken is Sweep's to make up for.
            return Results.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
    }
}
