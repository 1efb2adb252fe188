using System.Collections;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;
using Pipeline.Diagnostics;

namespace Pipeline.Cli.Serving;

/// <summary>
/// Sends metrics, traces and log to a collector over OTLP, if a standard variable such as
/// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one, and to Application Insights, if
/// <c>APPLICATIONINSIGHTS_CONNECTION_STRING</c> does. All other <c>OTEL_*</c> variables apply too.
/// </summary>
internal static class TelemetryExport
{
    private const string Insights = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    public static void AddTelemetryExport(this WebApplicationBuilder builder)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith("OTEL_", StringComparison.Ordinal))
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value);
        var hasCollector = variables.Any(
            variable => variable is { Value.Length: > 0 }
                && variable.Key.StartsWith("OTEL_EXPORTER_OTLP_", StringComparison.Ordinal)
                && variable.Key.EndsWith("ENDPOINT", StringComparison.Ordinal));
        var insights = Environment.GetEnvironmentVariable(Insights);
        if (!hasCollector && string.IsNullOrEmpty(insights))
            return;
        builder.Configuration.AddInMemoryCollection(variables);
        // At level Information, ASP.NET Core logs the path of every request, which includes a callback's token.
        builder.Logging.AddFilter<OpenTelemetryLoggerProvider>("Microsoft", LogLevel.Warning);
        builder.Services.Configure<OpenTelemetryLoggerOptions>(log => log.IncludeFormattedMessage = true);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource =>
                resource.AddService(variables.GetValueOrDefault("OTEL_SERVICE_NAME") ?? "pipeline"))
            .WithMetrics(metrics => metrics.AddMeter(PipelineMetrics.MeterName, PipelineMetrics.RequestMeterName))
            .WithTracing(tracing => tracing.AddSource(ListTrace.SourceName))
            .WithLogging();
        if (hasCollector)
            telemetry.UseOtlpExporter();
        if (insights is { Length: > 0 })
            telemetry.UseAzureMonitorExporter(exporter => Configure(exporter, insights));
    }

    private static void Configure(AzureMonitorExporterOptions exporter, string connection)
    {
        exporter.ConnectionString = connection;
        // By default, log entries of traces that are not sampled are dropped.
        exporter.EnableTraceBasedLogsSampler = false;
        if (Environment.GetEnvironmentVariable("AZURE_CLIENT_ID") is { Length: > 0 } identity)
            exporter.Credential = new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(identity));
    }
}
