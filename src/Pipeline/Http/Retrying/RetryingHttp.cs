using Microsoft.Extensions.Logging;
using Pipeline.Model;

namespace Pipeline.Http.Retrying;

/// <summary>
/// Sends safe requests. It retries timeouts, broken connections, 408, 429, 5xx and whatever else the caller declares
/// transient. Every other response goes to the caller.
/// </summary>
/// <param name="http">The HTTP client; its handler need not limit the time.</param>
/// <param name="policy">Number of attempts and waits.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs every retry.</param>
internal sealed class RetryingHttp(HttpClient http, RetryPolicy policy, TimeProvider time, ILogger logger)
{
    private readonly Retries _retries = new(policy, time, logger);

    /// <summary>Sends a request until the response is not a transient fault.</summary>
    /// <param name="what">The request and its server, for messages; without secrets.</param>
    /// <param name="create">Creates the request for each attempt.</param>
    /// <param name="cancellationToken">Cancels the attempts.</param>
    /// <param name="judge">
    /// Examines an unsuccessful response. It throws a transient <see cref="FailureReasons.Unavailable"/> for a
    /// transient fault, or another <see cref="PipelineException"/>. Null: only the status decides.
    /// </param>
    /// <exception cref="PipelineException">
    /// Transient <see cref="FailureReasons.Unavailable"/> after the last attempt.
    /// </exception>
    public Task<HttpResponseMessage> SendAsync(
        string what,
        Func<CancellationToken, ValueTask<HttpRequestMessage>> create,
        CancellationToken cancellationToken,
        Func<HttpResponseMessage, CancellationToken, Task>? judge = null) => _retries.RunAsync(
            what,
            async token =>
            {
                var response = await SendOnceAsync(create, token);
                if (response.IsSuccessStatusCode)
                    return response;
                try
                {
                    if (judge is not null)
                        await judge(response, token);
                    ThrowIfPassing(what, response);
                    return response;
                }
                catch
                {
                    response.Dispose();
                    throw;
                }
            },
            cancellationToken);

    private void ThrowIfPassing(string what, HttpResponseMessage response)
    {
        if ((int)response.StatusCode is 408 or 429 or >= 500)
            throw PipelineException.Transient(
                FailureReasons.Unavailable, $"{what} answered {(int)response.StatusCode}.",
                RetryAfter.Read(response, time.GetUtcNow()));
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        Func<CancellationToken, ValueTask<HttpRequestMessage>> create, CancellationToken cancellationToken)
    {
        using var request = await create(cancellationToken);
        using var timeout = new CancellationTokenSource(policy.HeaderTimeout, time);
        using var _ = cancellationToken.UnsafeRegister(
            static timer => ((CancellationTokenSource)timer!).Cancel(), timeout);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        }
        catch (OperationCanceledException e)
            when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"did not answer within {policy.HeaderTimeout.TotalSeconds:0.#} s", e);
        }
    }
}
