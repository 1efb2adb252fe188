using System.Reflection;
using Pipeline.Options;
using Pipeline.Stores;

namespace Pipeline.Tests.Infra;

/// <summary>The names of one kind, as the infrastructure and as the code have them.</summary>
internal static class Names
{
    /// <summary>The last parts of the names of all resources of a type.</summary>
    public static async Task<IReadOnlyList<string>> OfAsync(string type) =>
        [.. (await Bicep.ResourcesAsync(type)).Select(r => r.GetProperty("name").GetString()!.Split('/')[^1]).Order(StringComparer.Ordinal)];

    /// <summary>The names of the app's settings.</summary>
    public static async Task<IReadOnlyList<string>> SettingsAsync() =>
        [.. Assert.Single(await Bicep.ResourcesAsync("Microsoft.Web/sites/config")).GetProperty("properties").EnumerateObject().Select(p => p.Name)];

    /// <summary>The text constants of a class whose names end so.</summary>
    public static IReadOnlyList<string> ConstantsOf(Type type, string suffix = "") =>
        [.. type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(f => f.IsLiteral && f.FieldType == typeof(string) && f.Name.EndsWith(suffix, StringComparison.Ordinal))
            .Select(f => (string)f.GetRawConstantValue()!)];

    /// <summary>The variables that say where S3 and GCS are and who signs in: those that the code asks for.</summary>
    public static IReadOnlyList<string> Clouds { get; } = ReadNames();

    /// <summary>Every setting of <see cref="PipelineOptions"/> as an environment variable; a list ends in <c>__0</c>.</summary>
    public static IReadOnlyDictionary<string, PropertyInfo> Options { get; } = typeof(PipelineOptions).GetProperties()
        .SelectMany(section => section.PropertyType.GetProperties().Select(option => (Section: section, Option: option)))
        .ToDictionary(
            o => $"Pipeline__{o.Section.Name}__{o.Option.Name}" + (o.Option.PropertyType == typeof(IList<string>) ? "__0" : ""),
            o => o.Option,
            StringComparer.Ordinal);

    private static IReadOnlyList<string> ReadNames()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        ObjectStoreOptions.FromEnvironment(name =>
        {
            names.Add(name);
            return null;
        });
        return [.. names];
    }
}
