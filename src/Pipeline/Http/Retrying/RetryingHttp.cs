using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Http.Retrying;

/// <summary>
/// Sends requests that are safe to repeat. Time-outs, broken connections, 408, 429, 5xx and what the caller knows to pass
/// are tried again; every other response is the caller's.
/// </summary>
/// <param name="http">Sends. Its handler need not limit the time.</param>
/// <param name="policy">How often, and how far apart.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told of each repetition.</param>
internal sealed class RetryingHttp(HttpClient http, RetryPolicy policy, TimeProvider time, ILogger logger)
{
    private readonly Retries _retries = new(policy, time, logger);

    /// <summary>Sends until a response comes that is not a passing fault.</summary>
    /// <param name="what">For messages: what is asked of whom, without any secret.</param>
    /// <param name="create">Makes the request anew for each try.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <param name="judge">
    /// Looks at a response that is no success; throws a transient <see cref="FailureReasons.Unavailable"/> for what passes,
    /// and another <see cref="PipelineException"/> for what does not. Null: only the status is looked at.
    /// </param>
    /// <exception cref="PipelineException">Transient (<see cref="FailureReasons.Unavailable"/>) after the last try.</exception>
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
                FailureReasons.Unavailable, $"{what} answered {(int)response.StatusCode}.", RetryAfter.Read(response, time.GetUtcNow()));
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        Func<CancellationToken, ValueTask<HttpRequestMessage>> create, CancellationToken cancellationToken)
    {
        using var request = await create(cancellationToken);
        using var timeout = new CancellationTokenSource(policy.HeaderTimeout, time);
        using var _ = cancellationToken.UnsafeRegister(static timer => ((CancellationTokenSource)timer!).Cancel(), timeout);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"did not answer within {policy.HeaderTimeout.TotalSeconds:0.#} s", e);
        }
    }
}
