using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores;
using Pipeline.Stores.Azure;

namespace Pipeline.Settings;

/// <summary>All that a host is told from outside, read and checked at once, before anything is begun.</summary>
/// <param name="Given">The settings.</param>
/// <param name="Stores">Where S3 and GCS are.</param>
/// <param name="Azure">The storage account; null where none is named.</param>
internal sealed record HostSettings(GivenSettings Given, ObjectStoreOptions Stores, AzureStorageOptions? Azure)
{
    /// <summary>Reads all, whatever is wrong with some of it.</summary>
    /// <param name="given">The settings.</param>
    /// <param name="read">Reads one variable; null for the process's environment.</param>
    /// <param name="complete">Adds what the host itself provides, such as a key of its own for callbacks.</param>
    /// <param name="faults">Gets a line for each option, setting or variable that cannot be used.</param>
    public static HostSettings Read(
        GivenSettings given, Func<string, string?>? read, Action<PipelineOptions> complete, ICollection<string> faults)
    {
        Add(faults, CheckStages(given, complete));
        Add(faults, SettingsCatalog.CheckRunner(given));
        var variable = read ?? Environment.GetEnvironmentVariable;
        var settings = new HostSettings(
            given, ObjectStoreOptions.Read(read, faults), AzureStorageOptions.Read(variable, faults));
        Add(faults, EnvironmentRules.Check(variable));
        Add(faults, settings.CheckAccount());
        return settings;
    }

    /// <summary>Ends the start where there are faults.</summary>
    /// <exception cref="OptionsValidationException">There are; it holds a line for each.</exception>
    public static void ThrowIfAny(IReadOnlyCollection<string> faults)
    {
        if (faults.Count > 0)
            throw new OptionsValidationException(nameof(HostSettings), typeof(PipelineOptions), faults);
    }

    private static IEnumerable<string> CheckStages(GivenSettings given, Action<PipelineOptions> complete)
    {
        var options = new PipelineOptions();
        SettingBinder.Bind(given, options);
        complete(options);
        return new PipelineOptionsValidator().Validate(null, options).Failures ?? [];
    }

    private IEnumerable<string> CheckAccount()
    {
        try
        {
            if (Azure is not null)
                new AzureAccount(Azure).Dispose();
            return [];
        }
        catch (PipelineException problem)
        {
            return [problem.Message];
        }
    }

    private static void Add(ICollection<string> faults, IEnumerable<string> more)
    {
        foreach (var fault in more)
            if (!faults.Contains(fault))
                faults.Add(fault);
    }
}
