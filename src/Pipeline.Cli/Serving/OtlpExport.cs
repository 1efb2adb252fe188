using System.Collections;
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
/// Sends metrics and log to a collector over OTLP, if the standard variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names
/// one. All other <c>OTEL_*</c> variables apply too.
/// </summary>
internal static class OtlpExport
{
    private const string Prefix = "OTEL_";
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ServiceName = "OTEL_SERVICE_NAME";

    public static void AddOtlpExport(this WebApplicationBuilder builder)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value);
        if (variables.GetValueOrDefault(Endpoint) is not { Length: > 0 })
            return;
        builder.Configuration.AddInMemoryCollection(variables);
        // At level Information, ASP.NET Core logs the path of every request, which includes a callback's token.
        builder.Logging.AddFilter<OpenTelemetryLoggerProvider>("Microsoft", LogLevel.Warning);
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(variables.GetValueOrDefault(ServiceName) ?? "pipeline"))
            .WithMetrics(metrics => metrics.AddMeter(PipelineMetrics.MeterName))
            .WithLogging()
            .UseOtlpExporter();
    }
}
