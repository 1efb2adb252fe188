using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.Model;

namespace Pipeline.Http.Retrying;

/// <summary>Repeats what is safe to repeat: attempts that end in a broken or silent connection, or in an answer that passes.</summary>
internal sealed partial class Retries(RetryPolicy policy, TimeProvider time, ILogger logger)
{
    /// <summary>Runs attempts until one succeeds.</summary>
    /// <param name="what">For messages: what is asked of whom, without any secret.</param>
    /// <param name="attempt">One try. It throws a transient <see cref="FailureReasons.Unavailable"/> for an answer that passes.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <exception cref="PipelineException">
    /// Transient (<see cref="FailureReasons.Unavailable"/>) after the last try; everything else that an attempt throws, at once.
    /// </exception>
    public async Task<T> RunAsync<T>(string what, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
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
                    string.Create(CultureInfo.InvariantCulture, $"{problem} ({tries} {(tries == 1 ? "try" : "tries")})."),
                    passing?.RetryAfter,
                    cause);
            // Who asks for no wait at all is not obeyed: all clients would come back at once, and at once again.
            var own = policy.DelayAfter(tries);
            var delay = RetryAfter.AtLeast(passing?.RetryAfter, own);
            Log.Repeating(logger, problem, delay.TotalSeconds, tries, policy.Tries);
            await Task.Delay(delay, time, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Problem}. Next try in {Seconds:0.##} s (try {Tries} of {Max}).")]
        public static partial void Repeating(ILogger logger, string problem, double seconds, int tries, int max);
    }
}
