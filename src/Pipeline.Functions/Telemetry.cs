using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Logs;
using Pipeline.Diagnostics;

namespace Pipeline.Functions;

/// <summary>
/// Exports the worker's traces, metrics and logs by OpenTelemetry. host.json does the same for the host.
/// </summary>
internal static class Telemetry
{
    private static readonly string[] CollectorSettings =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ];

    /// <summary>
    /// Adds the export to Application Insights if its connection string is set, and to a collector if
    /// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> or that of a signal is set. Signs in to Application Insights with the app's
    /// identity instead of the key in that string.
    /// </summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        services.Configure<OpenTelemetryLoggerOptions>(log => log.IncludeFormattedMessage = true);
        var telemetry = services.AddOpenTelemetry()
            .UseFunctionsWorkerDefaults()
            .WithMetrics(metrics =>
                metrics.AddMeter(PipelineMetrics.MeterName, PipelineMetrics.RequestMeterName))
            .WithTracing(tracing => tracing.AddSource(ListTrace.SourceName));
        if (CollectorSettings.Any(name => configuration[name] is { Length: > 0 }))
            telemetry.UseOtlpExporter();
        if (configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"] is { Length: > 0 } connection)
            telemetry.UseAzureMonitorExporter(exporter =>
            {
                exporter.ConnectionString = connection;
                // Alerts query the log. By default, log entries of traces that are not sampled are dropped.
                exporter.EnableTraceBasedLogsSampler = false;
                if (configuration["AZURE_CLIENT_ID"] is { Length: > 0 } identity)
                    exporter.Credential = new ManagedIdentityCredential(
                        ManagedIdentityId.FromUserAssignedClientId(identity));
            });
        return services;
    }
}
