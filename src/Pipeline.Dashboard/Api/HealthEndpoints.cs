using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Dashboard.Api;

/// <summary>Health, for containers and load balancers. They need no key and tell nothing but that.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        // Azure Functions serves only addresses below /api.
        foreach (var prefix in new[] { "", "/api" })
        {
            var isDescribed = prefix.Length == 0;
            var alive = app.MapGet($"{prefix}/healthz", () => Answer("ok", StatusCodes.Status200OK));
            var ready = app.MapGet($"{prefix}/readyz", ReadyAsync);
            if (isDescribed)
            {
                alive.WithName("Healthz").WithSummary("Whether the process lives.").Produces<HealthAnswer>();
                ready.WithName("Readyz").WithSummary("Whether it can work: ledger read, disk written.")
                    .Produces<HealthAnswer>().Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable);
            }
            else
            {
                alive.ExcludeFromDescription();
                ready.ExcludeFromDescription();
            }
        }
    }

    private static async Task<IResult> ReadyAsync(
        IStoreProblem problem, ILedger ledger, CancellationToken cancellationToken)
    {
        if (problem.Problem is not null)
            return Answer("disk", StatusCodes.Status503ServiceUnavailable);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            await ledger.GetListAsync("readyz", limit.Token);
            return Answer("ok", StatusCodes.Status200OK);
        }
        catch (Exception failed) when (failed is PipelineException
            || (failed is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return Answer("ledger", StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static IResult Answer(string status, int code) =>
        Results.Json(new HealthAnswer(status), ApiJson.Default.HealthAnswer, statusCode: code);
}
