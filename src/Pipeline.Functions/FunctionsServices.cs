using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Hosting;
using Pipeline.Options;
using Pipeline.Settings;

namespace Pipeline.Functions;

/// <summary>The stages under the Functions host, with their settings.</summary>
internal static class FunctionsServices
{
    /// <summary>Registers the stages, their ports and what the functions share.</summary>
    /// <exception cref="OptionsValidationException">A line for each setting or variable that cannot be used.</exception>
    public static IServiceCollection AddPipelineFunctions(this IServiceCollection services, IConfiguration configuration)
    {
        var settings = Read(configuration);
        services.AddPipeline(options => Apply(options, configuration));
        services.AddCloudObjects(settings.Stores);
        services.AddAzureStores(settings.Azure!);
        // At the level below, ASP.NET Core writes the path of every request, and with it the token of a callback.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning));
        services.AddSingleton<MessageRunner>();
        return services;
    }

    /// <summary>What the app settings say, checked at once.</summary>
    /// <exception cref="OptionsValidationException">A line for each setting or variable that cannot be used.</exception>
    internal static HostSettings Read(IConfiguration configuration)
    {
        var faults = new List<string>();
        // Configuration separates its sections by colons where the environment has two underscores.
        var settings = HostSettings.Read(
            GivenSettings.From(configuration),
            name => configuration[name.Replace("__", ":", StringComparison.Ordinal)],
            options => AddressApp(options, configuration),
            faults);
        if (settings.Azure is null)
            faults.Add("No storage account is named. Set AzureWebJobsStorage or AzureWebJobsStorage__accountName.");
        HostSettings.ThrowIfAny(faults);
        return settings;
    }

    /// <summary>Settings below <c>Pipeline</c>, the API's key under its usual name, and where the app itself can be reached.</summary>
    internal static void Apply(PipelineOptions options, IConfiguration configuration)
    {
        SettingBinder.Bind(GivenSettings.From(configuration), options);
        AddressApp(options, configuration);
    }

    private static void AddressApp(PipelineOptions options, IConfiguration configuration)
    {
        // Azure tells an app its public name. Without a key there are no webhooks, and a local host name would be of no use to Nimble.
        var delivery = options.Delivery;
        if (delivery.CallbackBase is null && delivery.CallbackKeys.Count > 0
            && configuration["WEBSITE_HOSTNAME"] is { Length: > 0 } host && !host.StartsWith("localhost", StringComparison.OrdinalIgnoreCase))
            delivery.CallbackBase = new Uri($"https://{host}");
    }
}
