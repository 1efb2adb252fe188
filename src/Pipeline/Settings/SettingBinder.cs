using Pipeline.Notation;
using Pipeline.Options;

namespace Pipeline.Settings;

/// <summary>Fills options from given texts, and explains each text that cannot be used.</summary>
internal static class SettingBinder
{
    /// <summary>
    /// Fills the options of the stages. Their validation reports the faults, together with all others.
    /// </summary>
    public static void Bind(GivenSettings given, PipelineOptions options)
    {
        options.Given = given;
        options.Unreadable = Bind(given, SettingsCatalog.Pipeline, nameof(Pipeline), options);
        ApiAddress.TakeVersion(options, given);
    }

    /// <summary>Fills options of any class.</summary>
    /// <returns>A line for each text that cannot be used.</returns>
    public static IReadOnlyList<string> Bind(
        GivenSettings given, IReadOnlyList<Setting> settings, string prefix, object options)
    {
        var faults = new List<string>();
        foreach (var setting in settings)
        {
            if (setting.IsList)
                BindList(given, setting, options, faults);
            else if (given.Find(setting.Path) is { } text)
                BindOne(setting, text, options, faults);
        }

        faults.AddRange(given.Below(prefix).Where(text => !settings.Any(s => Holds(s, text.Key)))
            .Select(text => Unknown(text.Value.Source, settings)));
        return faults;
    }

    /// <summary>Describes a value that cannot be used: the option or variable, its value, and what to write.</summary>
    public static string Fault(Setting setting, string source, string text) =>
        $"{source} is {(setting.IsSecret ? "not usable" : DisplayText.Quote(text))}. "
            + $"Write {SettingText.Expected(setting)}.";

    private static void BindOne(Setting setting, GivenText given, object options, List<string> faults)
    {
        if (KeyVault.Unresolved(given.Source, given.Text) is { } problem)
            faults.Add(problem);
        else if (SettingText.TryParse(setting, given.Text, out var value))
            setting.Set(options, value);
        else
            faults.Add(Fault(setting, given.Source, given.Text));
    }

    private static void BindList(GivenSettings given, Setting setting, object options, List<string> faults)
    {
        if (given.Find(setting.Path) is { } whole)
            faults.Add(
                $"{whole.Source} is a list. Give each of its values a number: "
                    + $"{setting.Variable}__0, {setting.Variable}__1.");
        var list = (IList<string>)setting.Get(options)!;
        foreach (var item in given.FindAll(setting.Path))
        {
            list.Add(item.Text.Trim());
            if (KeyVault.Unresolved(item.Source, item.Text) is { } problem)
                faults.Add(problem);
        }
    }

    private static bool Holds(Setting setting, string path) =>
        path.Equals(setting.Path, StringComparison.OrdinalIgnoreCase)
        || (setting.IsList && GivenSettings.IsItem(path, setting.Path));

    private static string Unknown(string source, IReadOnlyList<Setting> settings)
    {
        var nearest = Nearest.Of(source, settings.Select(s => s.IsList ? s.Variable + "__0" : s.Variable));
        return $"{source} is not a setting. "
            + $"{(nearest is null ? "docs/settings.md lists them." : $"Did you mean {nearest}?")}";
    }
}
