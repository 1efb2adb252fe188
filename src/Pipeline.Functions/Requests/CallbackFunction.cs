using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Callback;

namespace Pipeline.Functions.Requests;

/// <summary>
/// Runs <see cref="CallbackStage"/> for HTTP POST <c>api/callbacks/{submission}/{token}</c>. The host allows anonymous
/// requests; the token in the path authorizes them.
/// </summary>
internal sealed class CallbackFunction(CallbackStage stage)
{
    /// <summary><see cref="CallbackStage.Route"/> without the host's prefix <c>api</c>.</summary>
    internal const string Route = "callbacks/{submission}/{token}";

    [Function("Callback")]
    public async Task<IResult> RunAsync(
        [HttpTrigger(
            AuthorizationLevel.Anonymous, "post", Route = Route)] HttpRequest request, string submission, string token)
    {
        try
        {
            // The stage enforces its own limit and answers 413. The server's limit would break the connection instead.
            if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
                size.MaxRequestBodySize = null;
            var answer = await stage.HandleAsync(submission, token, request.Body, request.HttpContext.RequestAborted);
            if (answer == CallbackAnswer.TooMany)
                request.HttpContext.Response.Headers.RetryAfter = CallbackStage.RetryAfter;
            return Results.StatusCode((int)answer);
        }
        catch (OperationCanceledException) when (request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // The caller disconnected, so nobody reads the answer. Sweep finds the results of a lost webhook.
            return Results.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
    }
}
