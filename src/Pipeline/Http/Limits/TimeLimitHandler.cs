namespace Pipeline.Http.Limits;

/// <summary>
/// Limits every wait of an HTTP client: for the response headers and for the whole body. SDKs limit the first, but
/// rarely the second.
/// </summary>
internal sealed class TimeLimitHandler(HttpMessageHandler inner, TimeLimits limits, TimeProvider time)
    : DelegatingHandler(inner)
{
    /// <summary>Set on requests whose caller limits the body itself.</summary>
    public static readonly HttpRequestOptionsKey<bool> OwnLimits = new("own-limits");

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var limit = limits.ForRequest(request.Content is null ? 0 : request.Content.Headers.ContentLength);
        using var timer = new CancellationTokenSource(limit, time);
        using var _ = cancellationToken.UnsafeRegister(
            static timer => ((CancellationTokenSource)timer!).Cancel(), timer);
        try
        {
            var response = await base.SendAsync(request, timer.Token);
            if (!request.Options.TryGetValue(OwnLimits, out var own) || !own)
                response.Content = new TimedContent(response.Content, new(limits, time));
            return response;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"did not answer within {limit.TotalSeconds:0.#} s", e);
        }
    }
}
