using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Options;
using Pipeline.Stores;
using Pipeline.Stores.Azure;

namespace Pipeline.Settings;

/// <summary>Everything that a host is given from outside, read and checked before any work starts.</summary>
/// <param name="Given">The settings.</param>
/// <param name="Stores">Where S3 and GCS are.</param>
/// <param name="Azure">The storage account; null if none is named.</param>
internal sealed record HostSettings(GivenSettings Given, ObjectStoreOptions Stores, AzureStorageOptions? Azure)
{
    /// <summary>Reads and checks everything, and collects all faults.</summary>
    /// <param name="given">The settings.</param>
    /// <param name="read">Reads a variable; null for the environment of the process.</param>
    /// <param name="complete">Adds what the host itself provides, such as its callback key.</param>
    /// <param name="faults">Receives a line for each option, setting or variable that cannot be used.</param>
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

    /// <summary>Throws if there are faults.</summary>
    /// <exception cref="OptionsValidationException">It has a line for each fault.</exception>
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
            if (Azure is { } account && !IsReference(account.ConnectionString) && !IsReference(account.AccountName))
                new AzureAccount(account).Dispose();
            return [];
        }
        catch (PipelineException problem)
        {
            return [problem.Message];
        }
    }

    // The variable has a line of its own.
    private static bool IsReference(string? value) => KeyVault.Unresolved("", value ?? "") is not null;

    private static void Add(ICollection<string> faults, IEnumerable<string> more)
    {
        foreach (var fault in more)
            if (!faults.Contains(fault))
                faults.Add(fault);
    }
}
