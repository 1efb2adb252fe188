using System.Diagnostics;
using Pipeline.Diagnostics;

namespace Pipeline.Http;

/// <summary>Gives each request to a service a span within its stage's span.</summary>
internal sealed class TracedHandler(string service, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken) =>
        ListTrace.StartCall(service, request.Method.Method, request.RequestUri) is { } call
            ? SendAsync(call, request, cancellationToken)
            : base.SendAsync(request, cancellationToken);

    private async Task<HttpResponseMessage> SendAsync(
        Activity call, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (call)
        {
            try
            {
                var response = await base.SendAsync(request, cancellationToken);
                call.SetTag("http.response.status_code", (int)response.StatusCode);
                if ((int)response.StatusCode >= 400)
                    call.SetStatus(ActivityStatusCode.Error);
                return response;
            }
            catch (Exception error) when (call.Fail(error))
            {
                throw;
            }
        }
    }
}
