using System.Text.RegularExpressions;
using Pipeline.Settings;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Settings;

/// <summary>docs/settings.md agrees with the code about every setting.</summary>
public sealed partial class SettingsPageTests
{
    // The system's folder for temporary files differs between machines.
    private const string SpillFolder = "Pipeline__Collect__SpillFolder";

    private static readonly IReadOnlyList<Match> Rows =
    [
        .. Row().Matches(Repository.Read("docs/settings.md")).Cast<Match>(),
    ];

    [Fact]
    public void EverySettingHasOneRowWithItsDefaultRangeAndMeaning()
    {
        var expected = SettingsCatalog.Pipeline.Concat(SettingsCatalog.Runner).Select(setting => string.Join(
            " | ", Name(setting), Name(setting) == SpillFolder ? "" : Default(setting), SettingText.Values(setting)));

        Assert.Equal(
            expected,
            Rows.Select(row => string.Join(" | ", Cell(row, "name"), Cell(row, "default"), Cell(row, "range"))));
        Assert.All(Rows, row => Assert.NotEmpty(Cell(row, "what")));
    }

    [Fact]
    public void EveryNumberAndTimeHasARangeThatIncludesItsDefault()
    {
        Type[] free = [typeof(string), typeof(bool), typeof(Uri), typeof(IList<string>)];
        foreach (var setting in SettingsCatalog.Pipeline.Concat(SettingsCatalog.Runner))
        {
            if (!free.Contains(setting.Type) && !setting.Type.IsEnum)
                Assert.True(setting.Range is not null, $"{setting.Name} has no range.");
            Assert.True(setting.Allows(setting.Default), $"The default of {setting.Name} is out of its range.");
        }
    }

    [Fact]
    public void EveryExampleIsValidAndTurnsNothingOff()
    {
        foreach (var setting
            in SettingsCatalog.Pipeline.Concat(SettingsCatalog.Runner).Where(s => !s.IsList && s.Range is not null))
        {
            var example = SettingText.Expected(setting).Split("such as ")[^1];
            Assert.True(SettingText.TryParse(setting, example, out var value)
                && setting.Allows(value), $"{setting.Name}: {example}");
            Assert.True(example != "0", setting.Name);
        }
    }

    private static string Name(Setting setting) => setting.Variable + (setting.IsList ? "__0" : "");

    private static string Default(Setting setting) => SettingText.Format(setting.Default);

    private static string Cell(Match row, string name) => row.Groups[name].Value.Trim();

    [GeneratedRegex(
        @"^\| `(?<name>(Pipeline|Runner)__\w+)` \|(?<default>[^|]*)\|(?<range>[^|]*)\|(?<what>.*)\|$",
        RegexOptions.Multiline)]
    private static partial Regex Row();
}
