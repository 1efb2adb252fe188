using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.Model;

namespace Pipeline.Http.Retrying;

/// <summary>
/// Retries safe requests after a broken or silent connection or a transient answer.
/// </summary>
internal sealed partial class Retries(RetryPolicy policy, TimeProvider time, ILogger logger)
{
    /// <summary>Runs attempts until one succeeds.</summary>
    /// <param name="what">The request and its server, for messages; without secrets.</param>
    /// <param name="attempt">
    /// One attempt. It throws a transient <see cref="FailureReasons.Unavailable"/> for a transient answer.
    /// </param>
    /// <param name="cancellationToken">Cancels the attempts.</param>
    /// <exception cref="PipelineException">
    /// Transient <see cref="FailureReasons.Unavailable"/> after the last attempt. Any other exception of an attempt is
    /// thrown at once.
    /// </exception>
    public async Task<T> RunAsync<T>(
        string what, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            Exception cause;
            try
            {
                return await attempt(cancellationToken);
            }
            catch (Exception e) when (e is PipelineException { IsPermanent: false, Reason: FailureReasons.Unavailable }
                || Faults.IsOfConnection(e, cancellationToken))
            {
                cause = e;
            }

            var passing = cause as PipelineException;
            var problem = passing?.Message.TrimEnd('.') ?? $"{what} {Faults.Describe(cause)}";
            if (tries >= policy.Tries || passing?.RetryAfter > policy.LongestDelay)
                throw PipelineException.Transient(
                    FailureReasons.Unavailable,
                    string.Create(
                        CultureInfo.InvariantCulture, $"{problem} ({tries} {(tries == 1 ? "try" : "tries")})."),
                    passing?.RetryAfter,
                    cause);
            // A request for no wait is ignored. Otherwise all clients would return at once, again and again.
            var own = policy.DelayAfter(tries);
            var delay = RetryAfter.AtLeast(passing?.RetryAfter, own);
            LogRepeating(problem, delay.TotalSeconds, tries, policy.Tries);
            await Task.Delay(delay, time, cancellationToken);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Problem}. Next attempt in {Seconds:0.##} s (attempt {Tries} of {Max}).")]
    private partial void LogRepeating(string problem, double seconds, int tries, int max);
}
