using System.ComponentModel;
using System.Reflection;
using Pipeline.Options;

namespace Pipeline.Settings;

/// <summary>A setting: a property of an options class, with its path, range and default.</summary>
internal sealed class Setting
{
    private readonly PropertyInfo? _section;
    private readonly PropertyInfo _property;

    private Setting(string prefix, PropertyInfo? section, PropertyInfo property, ISettings defaults)
    {
        (_section, _property) = (section, property);
        Name = section is null ? property.Name : $"{section.Name}:{property.Name}";
        Path = $"{prefix}:{Name}";
        Variable = Path.Replace(":", "__", StringComparison.Ordinal);
        Range = property.GetCustomAttribute<RangeAttribute>();
        Example = property.GetCustomAttribute<ExampleAttribute>()?.Text;
        IsSecret = property.GetCustomAttribute<PasswordPropertyTextAttribute>() is not null;
        Default = Get(defaults);
    }

    /// <summary>Its name below the options, such as <c>Collect:MaxDepth</c>.</summary>
    public string Name { get; }

    /// <summary>Its path in a configuration, such as <c>Pipeline:Collect:MaxDepth</c>.</summary>
    public string Path { get; }

    /// <summary>
    /// Its environment variable, such as <c>Pipeline__Collect__MaxDepth</c>; for a list, without the number.
    /// </summary>
    public string Variable { get; }

    /// <summary>The range of its values; null if its type alone limits them.</summary>
    public RangeAttribute? Range { get; }

    /// <summary>A value to recommend; null to recommend the default.</summary>
    public string? Example { get; }

    /// <summary>Whether its value must never be shown.</summary>
    public bool IsSecret { get; }

    /// <summary>Whether it is a list.</summary>
    public bool IsList => _property.PropertyType == typeof(IList<string>);

    /// <summary>The type of its value, without <see cref="Nullable"/>.</summary>
    public Type Type => Nullable.GetUnderlyingType(_property.PropertyType) ?? _property.PropertyType;

    /// <summary>Its value unless the user sets one.</summary>
    public object? Default { get; }

    /// <summary>All settings of an options class: its properties and those of its sections.</summary>
    public static IReadOnlyList<Setting> AllOf(ISettings defaults, string prefix) =>
    [
        .. PropertiesOf(defaults).SelectMany(property => property.GetValue(defaults) is ISettings section
            ? PropertiesOf(section).Select(inner => new Setting(prefix, property, inner, defaults))
            : [new Setting(prefix, null, property, defaults)]),
    ];

    public object? Get(object options) => _property.GetValue(Owner(options));

    public void Set(object options, object? value) => _property.SetValue(Owner(options), value);

    /// <summary>Whether a value is in the range.</summary>
    public bool Allows(object? value) => Range is null || Range.Allows(value);

    private static PropertyInfo[] PropertiesOf(ISettings settings) => settings.GetType().GetProperties();

    private object Owner(object options) => _section is null ? options : _section.GetValue(options)!;
}
