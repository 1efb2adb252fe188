using Amazon.Runtime;
using Pipeline.Http.Limits;

namespace Pipeline.Stores.S3;

/// <summary>
/// Gives the AWS SDK's clients a handler that limits every wait. The SDK's own timeout covers only the headers.
/// </summary>
internal sealed class AwsClientFactory(TimeLimits limits, TimeProvider time) : HttpClientFactory
{
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) =>
        new(new TimeLimitHandler(ObjectHttp.CreateHandler("s3"), limits, time)) { Timeout = Timeout.InfiniteTimeSpan };
}
