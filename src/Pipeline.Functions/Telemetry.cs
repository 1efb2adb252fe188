using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;

namespace Pipeline.Functions;

/// <summary>Traces, metrics and logs of the worker by OpenTelemetry; host.json switches the host to the same.</summary>
internal static class Telemetry
{
    /// <summary>Sends to Application Insights where its connection string is set, with the app's identity rather than the key in that string.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var telemetry = services.AddOpenTelemetry()
            .UseFunctionsWorkerDefaults()
            .WithTracing(tracing => tracing.AddSource(MessageTrace.SourceName));
        if (configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"] is { Length: > 0 } connection)
            telemetry.UseAzureMonitorExporter(exporter =>
            {
                exporter.ConnectionString = connection;
                // Alerts live on the log; by default it is dropped with every trace that is not sampled.
                exporter.EnableTraceBasedLogsSampler = false;
                if (configuration["AZURE_CLIENT_ID"] is { Length: > 0 } identity)
                    exporter.Credential = new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(identity));
            });
        return services;
    }
}
