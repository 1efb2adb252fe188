using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Dashboard;
using Pipeline.Export;
using Pipeline.Functions.Messages;
using Pipeline.Functions.Requests;
using Pipeline.Hosting;
using Pipeline.Options;
using Pipeline.Settings;
using Pipeline.Stores.Azure;

namespace Pipeline.Functions;

/// <summary>Registers the stages for the Functions host and reads their settings.</summary>
internal static class FunctionsServices
{
    /// <summary>Makes the worker one of the pipeline's: its HTTP server, log, telemetry and services.</summary>
    /// <exception cref="OptionsValidationException">Invalid settings or variables, with a line for each.</exception>
    public static void ConfigurePipeline(this FunctionsApplicationBuilder builder)
    {
        builder.ConfigureFunctionsWebApplication();
        builder.UseMiddleware<InvocationLogScope>();
        builder.Services.AddPipelineFunctions(builder.Configuration).AddTelemetry(builder.Configuration);
    }

    /// <summary>Registers the stages, their ports and the services that the functions share.</summary>
    /// <exception cref="OptionsValidationException">Invalid settings or variables, with a line for each.</exception>
    public static IServiceCollection AddPipelineFunctions(
        this IServiceCollection services, IConfiguration configuration)
    {
        var settings = Read(configuration);
        services.AddPipeline(options => Apply(options, configuration));
        services.AddCloudObjects(settings.Stores);
        services.AddAzureStores(settings.Azure!);
        services.AddExports();
        // At level Information, ASP.NET Core logs the path of every request, which includes a callback's token.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning));
        services.AddSingleton<MessageRunner>();
        services.AddSingleton<SmallListPoster>();
        services.AddSingleton<ApiRouter>();
        services.AddDashboard(new()
        {
            BasePath = "/api/dashboard/",
            KnowsCallers = false,
            KeepsConnections = false,
            ListFolder = new("azblob", AzureNames.ListsContainer, ""),
            ScheduleFolder = new("azblob", AzureNames.SchedulesContainer, ""),
        });
        return services;
    }

    /// <summary>Reads and validates the app settings.</summary>
    /// <exception cref="OptionsValidationException">Invalid settings or variables, with a line for each.</exception>
    internal static HostSettings Read(IConfiguration configuration)
    {
        var faults = new List<string>();
        // Configuration keys have colons where environment variables have two underscores.
        var settings = HostSettings.Read(
            GivenSettings.From(configuration),
            name => configuration[name.Replace("__", ":", StringComparison.Ordinal)],
            options => AddressApp(options, configuration),
            faults);
        if (!configuration.GetSection(AzureStorageOptions.Connection).Exists())
            faults.Add(
                "No storage account is named. Set PipelineStorage or PipelineStorage__accountName; "
                    + "AzureWebJobsStorage names the host's own account, which may be the same.");
        HostSettings.ThrowIfAny(faults);
        return settings;
    }

    /// <summary>Applies the settings below <c>Pipeline</c>, <c>NIMBLE_API_KEY</c> and the app's own address.</summary>
    internal static void Apply(PipelineOptions options, IConfiguration configuration)
    {
        SettingBinder.Bind(GivenSettings.From(configuration), options);
        AddressApp(options, configuration);
    }

    private static void AddressApp(PipelineOptions options, IConfiguration configuration)
    {
        // Azure sets WEBSITE_HOSTNAME to the app's public name. Webhooks need a key, and Nimble cannot reach localhost.
        var delivery = options.Delivery;
        if (delivery.CallbackBase is null && delivery.CallbackKeys.Count > 0
            && configuration["WEBSITE_HOSTNAME"] is { Length: > 0 } host
                && !host.StartsWith("localhost", StringComparison.OrdinalIgnoreCase))
            delivery.CallbackBase = new Uri($"https://{host}");
    }
}
