using System.Reflection;
using Pipeline.Options;
using Pipeline.Stores;

namespace Pipeline.Tests.Infra;

/// <summary>Names of one kind, as the infrastructure and the code use them.</summary>
internal static class Names
{
    /// <summary>The last part of the name of each resource of a type.</summary>
    public static async Task<IReadOnlyList<string>> OfAsync(string type) =>
        [
            .. (await Bicep.ResourcesAsync(type))
                .Select(r => r.GetProperty("name").GetString()!.Split('/')[^1])
                .Order(StringComparer.Ordinal)];

    /// <summary>The names of the app's settings.</summary>
    public static async Task<IReadOnlyList<string>> SettingsAsync() =>
        [
            .. Assert.Single(
                await Bicep.ResourcesAsync(
                    "Microsoft.Web/sites/config")).GetProperty("properties").EnumerateObject().Select(p => p.Name)];

    /// <summary>The string constants of a class whose names end with a suffix.</summary>
    public static IReadOnlyList<string> ConstantsOf(Type type, string suffix = "") =>
        [.. type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(f => f.IsLiteral && f.FieldType == typeof(string)
                && f.Name.EndsWith(suffix, StringComparison.Ordinal))
            .Select(f => (string)f.GetRawConstantValue()!)];

    /// <summary>The variables for the addresses of S3 and GCS and for signing in, as the code reads them.</summary>
    public static IReadOnlyList<string> Clouds { get; } = ReadNames();

    /// <summary>
    /// Every setting of <see cref="PipelineOptions"/> as an environment variable; lists end with <c>__0</c>.
    /// </summary>
    public static IReadOnlyDictionary<string, PropertyInfo> Options { get; } = typeof(PipelineOptions).GetProperties()
        .SelectMany(
            section => section.PropertyType.GetProperties().Select(option => (Section: section, Option: option)))
        .ToDictionary(
            o =>
                $"Pipeline__{o.Section.Name}__{o.Option.Name}"
                    + (o.Option.PropertyType == typeof(IList<string>) ? "__0" : ""),
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
