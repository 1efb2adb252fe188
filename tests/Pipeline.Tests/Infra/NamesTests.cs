using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>One name, one thing: in infrastructure, code, settings and documents.</summary>
public sealed partial class NamesTests
{
    private static readonly string[] Work = [QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results];
    private static readonly string[] Outputs = ["records", "failures", "manifests"];

    [Fact]
    public async Task QueuesAreThoseOfTheCode()
    {
        Assert.Equal(Work.Order(), Names.ConstantsOf(typeof(QueueNames)).Where(n => n != QueueNames.PoisonSuffix).Order());
        var expected = Work.Concat(Work.Select(q => q + QueueNames.PoisonSuffix)).Concat(AzureNames("Queue", Outputs));
        Assert.Equal(expected.Order(StringComparer.Ordinal), await Names.OfAsync("Microsoft.Storage/storageAccounts/queueServices/queues"));
    }

    [Fact]
    public async Task ContainersAreThoseOfTheCode()
    {
        var expected = AzureNames("Container", [.. Outputs, "claims"]).Append("app-package").Append("lists").Distinct();
        Assert.Equal(expected.Order(StringComparer.Ordinal), await Names.OfAsync("Microsoft.Storage/storageAccounts/blobServices/containers"));
    }

    [Fact]
    public async Task TablesAreThoseOfTheCode() =>
        Assert.Equal(AzureNames("Table", ["ledger", "ledgerdue"]).Order(StringComparer.Ordinal), await Names.OfAsync("Microsoft.Storage/storageAccounts/tableServices/tables"));

    [Fact]
    public async Task SettingsOfTheAppAreOnesThatTheCodeReads()
    {
        string[] others =
        [
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "APPLICATIONINSIGHTS_CONNECTION_STRING", "NIMBLE_API_KEY", "AWS_REGION", "AZURE_CLIENT_ID",
            "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__clientId", "AzureWebJobsStorage__credential",
        ];
        var known = Names.Options.Keys.Concat(others).Append("Pipeline__Delivery__CallbackKeys__1");
        Assert.Empty((await Names.SettingsAsync()).Except(known));
        AssertNone(LocalSettings().Where(s => s.StartsWith("Pipeline__", StringComparison.Ordinal)).Select(Name), Names.Options.Keys.Select(Name));
    }

    [Fact]
    public void EverySettingIsExplainedWithItsDefault()
    {
        var page = Repository.Read("docs/operating.md");
        var defaults = new PipelineOptions();
        foreach (var (name, option) in Names.Options)
        {
            var row = SettingRow().Matches(page).SingleOrDefault(m => m.Groups["name"].Value == name);
            Assert.True(row is not null, $"docs/operating.md has no row for {name}.");
            var section = typeof(PipelineOptions).GetProperty(name.Split("__")[1])!.GetValue(defaults);
            if (DefaultText(option.GetValue(section)) is { } text && option.Name != nameof(CollectOptions.SpillFolder))
                Assert.True(row.Groups["default"].Value.Trim() == text, $"docs/operating.md gives {name} the default '{row.Groups["default"].Value.Trim()}', and the code '{text}'.");
        }

        AssertNone(SettingRow().Matches(page).Select(m => m.Groups["name"].Value), Names.Options.Keys);
    }

    [Fact]
    public void TheHostKeepsToTheCodesNumberOfTriesAndEncoding()
    {
        if (Repository.TryRead("host.json") is not { } text)
            return;
        var queues = JsonElement.Parse(text).GetProperty("extensions").GetProperty("queues");
        Assert.Equal(5, queues.GetProperty("maxDequeueCount").GetInt32());
        Assert.Equal("none", queues.GetProperty("messageEncoding").GetString());
        Assert.Equal("api", JsonElement.Parse(text).GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString());
    }

    [Fact]
    public void ParametersOfADeploymentAreExplained()
    {
        var page = Repository.Read("docs/operating.md");
        foreach (Match variable in EnvironmentVariable().Matches(Repository.Read("infra/azure/main.bicepparam")))
            Assert.Contains($"`{variable.Groups[1].Value}`", page, StringComparison.Ordinal);
    }

    /// <summary>The constants of the storage account's class; the infrastructure's own list until that class is there.</summary>
    private static IEnumerable<string> AzureNames(string suffix, string[] listed)
    {
        if (typeof(PipelineOptions).Assembly.GetType("Pipeline.Stores.Azure.AzureNames") is not { } type)
            return listed;
        var constants = Names.ConstantsOf(type, suffix);
        Assert.NotEmpty(constants);
        return constants;
    }

    private static IEnumerable<string> LocalSettings() => Repository.TryRead("local.settings.sample.json") is { } text
        ? JsonElement.Parse(text).GetProperty("Values").EnumerateObject().Select(v => v.Name.Replace(":", "__", StringComparison.Ordinal))
        : [];

    /// <summary>Without the place in a list.</summary>
    private static string Name(string setting) => ListPlace().Replace(setting, "");

    private static void AssertNone(IEnumerable<string> names, IEnumerable<string> known) => Assert.Empty(names.Except(known));

    private static string? DefaultText(object? value) => value switch
    {
        null or "" => "",
        IList<string> => "",
        string or Uri => value.ToString()!.TrimEnd('/'),
        long or int => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value:N0}"),
        TimeSpan time => time.ToString("c"),
        bool or Enum => value.ToString()!.ToLowerInvariant(),
        _ => value.ToString(),
    };

    [GeneratedRegex(@"^\| `(?<name>Pipeline__\w+)` \|(?<default>[^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex SettingRow();

    [GeneratedRegex(@"readEnvironmentVariable\('(\w+)'")]
    private static partial Regex EnvironmentVariable();

    [GeneratedRegex(@"__\d+$")]
    private static partial Regex ListPlace();
}
