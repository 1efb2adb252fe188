using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Callback;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Settings;

/// <summary>The files that configure the Functions app agree with the code.</summary>
public sealed partial class HostSettingsTests
{
    private static readonly JsonElement Host = Read("host.json");
    private static readonly JsonElement Sample = Read("local.settings.sample.json").GetProperty("Values");

    [Fact]
    public void EachQueueFunctionListensToAQueueThatSomethingSendsTo()
    {
        var names = typeof(QueueNames).GetFields().ToDictionary(f => f.Name, f => (string)f.GetRawConstantValue()!);
        var triggers = Sources().SelectMany(source => Trigger().Matches(source))
            .Select(
                m =>
                    string.Concat(
                        m.Groups["name"].Value.Split('+').Select(
                            n => names[n.Trim()["QueueNames.".Length..]]))).Order();
        string[] queues = [QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results, QueueNames.Exports];

        // Notifications that were never accepted stay in their poison queue, for 'pipeline notify'.
        Assert.Equal(
            queues.Concat(queues.Select(q => q + QueueNames.PoisonSuffix)).Append(QueueNames.Notifications).Order(),
            triggers);
    }

    [Fact]
    public void TheHostAllowsAsManyAttemptsAsTheCode()
    {
        var queues = Host.GetProperty("extensions").GetProperty("queues");

        Assert.Equal(Tries.Max, queues.GetProperty("maxDequeueCount").GetInt32());
        Assert.Equal("none", queues.GetProperty("messageEncoding").GetString());
    }

    [Fact]
    public void OurTimeLimitsAreBelowTheHosts()
    {
        var limits = Constant(@"TimeSpan\.FromMinutes\((?<value>[0-9]+)\)", "StageTimeLimits.cs");
        var host = TimeSpan.Parse(Host.GetProperty("functionTimeout").GetString()!, CultureInfo.InvariantCulture);

        Assert.Equal(7, limits.Count);
        Assert.All(
            limits,
            limit =>
                Assert.True(
                    TimeSpan.FromMinutes(int.Parse(limit, CultureInfo.InvariantCulture)) < host,
                    $"{limit} minutes is not below {host}."));
    }

    [Fact]
    public void CallbacksAreServedAtTheAddressGivenToNimble() =>
        Assert.Equal(
            CallbackStage.Route,
            $"{Host.GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString()}/"
                + $"{Assert.Single(Constant("const string Route = \"(?<value>[^\"]+)\""))}");

    [Fact]
    public void TheSampleHasEverySettingOnceWithItsDefault()
    {
        var expected = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        Describe(new PipelineOptions(), "Pipeline", expected);
        var sample = Sample.EnumerateObject()
            .Where(p => p.Name.StartsWith("Pipeline__", StringComparison.Ordinal))
            .ToDictionary(p => p.Name, p => p.Value.GetString());

        Assert.Equal(expected.Keys, sample.Keys.Order(StringComparer.Ordinal));
        Assert.All(
            expected.Where(e => e.Value is not null), e => Assert.Equal((e.Key, e.Value), (e.Key, sample[e.Key])));
    }

    /// <summary>Collects name and default of every setting; null if only the user can know the value.</summary>
    private static void Describe(object options, string prefix, SortedDictionary<string, string?> settings)
    {
        foreach (var property in options.GetType().GetProperties())
        {
            var name = $"{prefix}__{property.Name}";
            var value = property.GetValue(options);
            if (property.PropertyType.Namespace == typeof(PipelineOptions).Namespace && !property.PropertyType.IsEnum)
                Describe(value!, name, settings);
            else if (value is IList<string>)
                settings[name + "__0"] = null;
            // The API key has its usual name, NIMBLE_API_KEY, and the spill folder is the system's temporary folder.
            else if (name is not ("Pipeline__Nimble__ApiKey" or "Pipeline__Collect__SpillFolder"))
                settings[name] = value is null || name.Contains("Delivery", StringComparison.Ordinal) ? null
                    : value is bool flag ? (flag ? "true" : "false")
                    : Convert.ToString(value is Uri uri ? uri.OriginalString : value, CultureInfo.InvariantCulture);
        }
    }

    private static List<string> Constant(string pattern, string file = "*.cs") =>
        [
            .. Sources(file)
                .SelectMany(source => Regex.Matches(source, pattern, RegexOptions.CultureInvariant))
                .Select(m => m.Groups["value"].Value)];

    private static IEnumerable<string> Sources(string file = "*.cs") =>
        Directory
            .EnumerateFiles(Path.Combine(Root(), "src", "Pipeline.Functions"), file, SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .Select(File.ReadAllText);

    private static JsonElement Read(string file) => JsonElement.Parse(File.ReadAllText(Path.Combine(Root(), file)));

    private static string Root() =>
        Path.GetDirectoryName(Path.GetDirectoryName(RecordSchema.PathOf("record.schema.json")))!;

    [GeneratedRegex(@"\[QueueTrigger\((?<name>[^,)]+)")]
    private static partial Regex Trigger();
}
