using Pipeline.Options;

namespace Pipeline.Settings;

/// <summary>All settings.</summary>
internal static class SettingsCatalog
{
    /// <summary>The path of the API's address.</summary>
    public const string ApiPath = "Pipeline:Nimble:BaseUrl";

    /// <summary>The settings of the stages.</summary>
    public static IReadOnlyList<Setting> Pipeline { get; } = Setting.AllOf(new PipelineOptions(), nameof(Pipeline));

    /// <summary>The settings of the host on one machine.</summary>
    public static IReadOnlyList<Setting> Runner { get; } = Setting.AllOf(new QueueHostOptions(), nameof(Runner));

    /// <summary>Returns a line for each setting of that host that cannot be used.</summary>
    public static IReadOnlyList<string> CheckRunner(GivenSettings given)
    {
        var options = new QueueHostOptions();
        return
        [
            .. SettingBinder.Bind(given, Runner, nameof(Runner), options),
            .. Runner.Where(setting => !setting.Allows(setting.Get(options)))
                .Select(
                    setting =>
                        SettingBinder.Fault(setting, given.Find(setting.Path)!.Source, given.Find(setting.Path)!.Text)),
        ];
    }
}
