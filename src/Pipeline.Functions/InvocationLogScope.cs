using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;

namespace Pipeline.Functions;

/// <summary>
/// Names the invocation in each line that a function logs. The host drops lines without that name, and the worker omits
/// it once OpenTelemetry is on (azure-functions-dotnet-worker issues 3487 and 3489).
/// </summary>
/// <remarks>
/// The alternative is to claim a version of the worker's telemetry schema as a capability. That would promise what this
/// app does not know, and its meaning may change with the host.
/// </remarks>
internal sealed class InvocationLogScope(ILogger<InvocationLogScope> logger) : IFunctionsWorkerMiddleware
{
    // The worker's log sender looks for this name.
    private const string InvocationId = "AzureFunctions_InvocationId";

    /// <inheritdoc/>
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        using var _ = logger.BeginScope(
            new Dictionary<string, object> { [InvocationId] = context.InvocationId });
        await next(context);
    }
}
