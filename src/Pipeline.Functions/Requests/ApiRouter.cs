using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Api;

namespace Pipeline.Functions.Requests;

/// <summary>Runs the endpoints of the API, which all hosts share, for the requests of functions.</summary>
internal sealed class ApiRouter
{
    private readonly RequestDelegate _run;

    /// <param name="services">The services of the host.</param>
    public ApiRouter(IServiceProvider services)
    {
        var app = new ApplicationBuilder(services);
        app.UseRouting().UseEndpoints(endpoints => endpoints.MapApi());
        _run = app.Build();
    }

    /// <summary>Answers a request.</summary>
    /// <returns>An empty result: the endpoint has written the answer.</returns>
    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        // The worker has chosen an endpoint, its function. With one set, routing would not look for ours.
        context.SetEndpoint(null);
        context.Request.RouteValues = [];
        await _run(context);
        return Results.Empty;
    }
}
