using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Objects;

namespace Pipeline.Functions;

/// <summary>The stages under the Functions host, with their settings.</summary>
internal static class FunctionsServices
{
    /// <summary>Registers the stages and what the functions share.</summary>
    public static IServiceCollection AddPipelineFunctions(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPipeline(options => Apply(options, configuration));
        services.AddCloudObjects(ObjectStoreOptions.FromEnvironment(name => configuration[name]));
        // At the level below, ASP.NET Core writes the path of every request, and with it the token of a callback.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning));
        services.AddSingleton<MessageRunner>();
        return services;
    }

    /// <summary>The ports: the storage account that the host itself uses.</summary>
    public static IServiceCollection AddAzureStorage(this IServiceCollection services, IConfiguration configuration)
    {
        // Configuration separates its sections by colons where the environment has two underscores.
        var options = AzureStorageOptions.FromEnvironment(name => configuration[name.Replace("__", ":", StringComparison.Ordinal)])
            ?? throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, "No storage account is named. Set AzureWebJobsStorage or AzureWebJobsStorage__accountName.");
        return services.AddAzureStores(options);
    }

    /// <summary>Settings below <c>Pipeline</c>, the API's key under its usual name, and where the app itself can be reached.</summary>
    internal static void Apply(PipelineOptions options, IConfiguration configuration)
    {
        // An empty app setting, as in the sample file, is one that is not set.
        var given = configuration.GetSection("Pipeline").AsEnumerable().Where(setting => !string.IsNullOrEmpty(setting.Value));
        new ConfigurationBuilder().AddInMemoryCollection(given).Build().GetSection("Pipeline").Bind(options);
        if (configuration["NIMBLE_API_KEY"] is { Length: > 0 } key)
            options.Nimble.ApiKey = key;

        // Azure tells an app its public name. Without a key there are no webhooks, and a local host name would be of no use to Nimble.
        var delivery = options.Delivery;
        if (delivery.CallbackBase is null && delivery.CallbackKeys.Count > 0
            && configuration["WEBSITE_HOSTNAME"] is { Length: > 0 } host && !host.StartsWith("localhost", StringComparison.OrdinalIgnoreCase))
            delivery.CallbackBase = new Uri($"https://{host}");
    }
}
