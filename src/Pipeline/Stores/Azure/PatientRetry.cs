using System.Globalization;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Pipeline.Stores.Azure;

/// <summary>
/// The SDK's retry policy, except that it stops if the service asks for a longer wait than ours. The work is then
/// retried after that time, instead of blocking its worker.
/// </summary>
internal sealed class PatientRetry(AzureStorageOptions options)
    : RetryPolicy(
        options.MaxTries - 1, DelayStrategy.CreateExponentialDelayStrategy(options.FirstDelay, options.LongestDelay))
{
    protected override bool ShouldRetry(HttpMessage message, Exception? exception) =>
        !AsksForMore(message) && base.ShouldRetry(message, exception);

    protected override async ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
        !AsksForMore(message) && await base.ShouldRetryAsync(message, exception);

    private bool AsksForMore(HttpMessage message) =>
        message.HasResponse
        && message.Response.Headers.TryGetValue("Retry-After", out var text)
        && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
        && seconds > options.LongestDelay.TotalSeconds;
}
