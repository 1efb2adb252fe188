using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pipeline.Http;

/// <summary>Sends requests that are safe to repeat: time-outs, broken connections, 408, 429 and 5xx are tried again, every other response is the caller's.</summary>
internal sealed partial class RetryingHttp(HttpClient http, RetryPolicy policy, TimeProvider time, ILogger logger)
{
    /// <summary>Sends until a response comes that is not a passing fault.</summary>
    /// <param name="what">For messages: what is asked of whom, without any secret.</param>
    /// <param name="create">Makes the request anew for each try.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <exception cref="PipelineException">Transient (<see cref="FailureReasons.Unavailable"/>) after the last try.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        string what,
        Func<CancellationToken, ValueTask<HttpRequestMessage>> create,
        CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            TimeSpan? asked = null;
            Exception? cause = null;
            string problem;
            try
            {
                var response = await SendOnceAsync(create, cancellationToken);
                if (!IsTransient(response))
                    return response;
                asked = RetryAfter.Read(response, time.GetUtcNow());
                problem = $"answered {(int)response.StatusCode}";
                response.Dispose();
            }
            catch (Exception e) when (IsConnectionFault(e, cancellationToken))
            {
                cause = e;
                problem = e is OperationCanceledException ? $"did not answer within {policy.HeaderTimeout.TotalSeconds:0.#} s" : $"failed: {e.Message}";
            }

            if (tries >= policy.Tries || asked > policy.LongestDelay)
                throw PipelineException.Transient(FailureReasons.Unavailable, $"{what} {problem} ({tries} {(tries == 1 ? "try" : "tries")}).", asked, cause);
            var delay = asked ?? policy.DelayAfter(tries);
            Log.Repeating(logger, what, problem, delay.TotalSeconds, tries);
            await Task.Delay(delay, time, cancellationToken);
        }
    }

    /// <summary>True for what a broken or silent connection throws; false for our own caller's cancellation, and for bugs.</summary>
    /// <remarks>A <see cref="SocketException"/> comes as it is where the other side resets a connection before <see cref="HttpClient"/> has looked at its address (.NET 10).</remarks>
    public static bool IsConnectionFault(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException or SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static bool IsTransient(HttpResponseMessage response) => (int)response.StatusCode is 408 or 429 or >= 500;

    private async Task<HttpResponseMessage> SendOnceAsync(Func<CancellationToken, ValueTask<HttpRequestMessage>> create, CancellationToken cancellationToken)
    {
        using var request = await create(cancellationToken);
        using var timeout = new CancellationTokenSource(policy.HeaderTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{What} {Problem}; trying again in {Seconds:0.##} s after {Tries} tries.")]
        public static partial void Repeating(ILogger logger, string what, string problem, double seconds, int tries);
    }
}
