using Pipeline.Options;

namespace Pipeline.Settings;

/// <summary>All settings there are.</summary>
internal static class SettingsCatalog
{
    /// <summary>Where the API's address is among the settings.</summary>
    public const string ApiPath = "Pipeline:Nimble:BaseUrl";

    /// <summary>Those of the stages.</summary>
    public static IReadOnlyList<Setting> Pipeline { get; } = Setting.AllOf(new PipelineOptions(), nameof(Pipeline));

    /// <summary>Those of the host on one machine.</summary>
    public static IReadOnlyList<Setting> Runner { get; } = Setting.AllOf(new QueueHostOptions(), nameof(Runner));

    /// <summary>A line for each setting of the runner that cannot be used.</summary>
    public static IReadOnlyList<string> CheckRunner(GivenSettings given)
    {
        var options = new QueueHostOptions();
        return
        [
            .. SettingBinder.Bind(given, Runner, nameof(Runner), options),
            .. Runner.Where(setting => !setting.Allows(setting.Get(options)))
                .Select(setting => SettingBinder.Fault(setting, given.Find(setting.Path)!.Source, given.Find(setting.Path)!.Text)),
        ];
    }
}
