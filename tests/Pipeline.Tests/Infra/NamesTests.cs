using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Model;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>Each thing has the same name in infrastructure, code, settings and documents.</summary>
public sealed partial class NamesTests
{
    private static readonly string[] Work =
        [QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results, QueueNames.Notifications, QueueNames.Exports];

    [Fact]
    public async Task QueuesMatchTheCode()
    {
        Assert.Equal(
            Work.Order(), Names.ConstantsOf(typeof(QueueNames)).Where(n => n != QueueNames.PoisonSuffix).Order());
        var queues = Work.Concat(Names.ConstantsOf(typeof(AzureNames), "Queue")).ToList();
        var expected = queues.Concat(queues.Select(q => q + QueueNames.PoisonSuffix));
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            await Names.OfAsync("Microsoft.Storage/storageAccounts/queueServices/queues"));
    }

    [Fact]
    public async Task ContainersMatchTheCode()
    {
        var expected = Names.ConstantsOf(
            typeof(AzureNames), "Container").Append("app-package").Append("lists").Distinct();
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            await Names.OfAsync("Microsoft.Storage/storageAccounts/blobServices/containers"));
    }

    [Fact]
    public async Task TablesMatchTheCode() =>
        Assert.Equal(
            Names.ConstantsOf(typeof(AzureNames), "Table").Order(StringComparer.Ordinal),
            await Names.OfAsync("Microsoft.Storage/storageAccounts/tableServices/tables"));

    /// <summary>
    /// What the code opens under another name is not created by the deployment, and the app's identity may not use it.
    /// </summary>
    [Fact]
    public void TheCodeOpensNothingButWhatHasItsNameThere()
    {
        var opened = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Opened().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value))
            .Distinct().ToList();

        Assert.Contains("AzureNames.ExportsContainer", opened);
        // A name that a caller gives, and the container of an address that a user gives.
        Assert.All(
            opened.Except(["name", "container", "uri.Bucket"]),
            name => Assert.StartsWith("AzureNames.", name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheCodeReadsEverySettingOfTheApp()
    {
        string[] others =
        [
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "APPLICATIONINSIGHTS_CONNECTION_STRING", "NIMBLE_API_KEY",
                "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__clientId", "AzureWebJobsStorage__credential",
                "PipelineStorage__accountName", "PipelineStorage__clientId", "PipelineStorage__credential",
        ];
        var known = Names.Options.Keys.Concat(others).Concat(Names.Clouds).Append(
            "Pipeline__Delivery__CallbackKeys__1").Append("Pipeline__Intake__SourcePrefixes__1");
        var made = await Names.SettingsAsync();
        Assert.Empty(made.Except(known));
        // Parameters of a deployment set every variable that is neither a key nor an endpoint: who signs in, and who
        // pays.
        Assert.Equal(
            [
                "AWS_REGION", "AWS_REQUEST_PAYER", "AWS_ROLE_ARN", "AZURE_CLIENT_ID", "AZURE_TOKEN_AUDIENCE",
                "GOOGLE_CLOUD_QUOTA_PROJECT", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_WORKLOAD_PROVIDER"],
            made.Intersect(Names.Clouds).Order(StringComparer.Ordinal));
        AssertNone(
            LocalSettings().Where(s => s.StartsWith("Pipeline__", StringComparison.Ordinal)).Select(Name),
            Names.Options.Keys.Select(Name));
    }

    [Fact]
    public void EveryCloudVariableIsExplainedAndInTheSample()
    {
        var page = Repository.Read("docs/operating.md");
        string[] others = ["AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"];
        AssertNone(Names.Clouds.Except(others), LocalSettings());
        Assert.All(Names.Clouds, name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void DeploymentParametersAreExplained()
    {
        var page = Repository.Read("docs/operating.md");
        foreach (Match variable in EnvironmentVariable().Matches(Repository.Read("infra/azure/main.bicepparam")))
            Assert.Contains($"`{variable.Groups[1].Value}`", page, StringComparison.Ordinal);
    }

    private static IEnumerable<string> LocalSettings() =>
        JsonElement.Parse(Repository.Read("local.settings.sample.json"))
        .GetProperty("Values").EnumerateObject().Select(v => v.Name.Replace(":", "__", StringComparison.Ordinal));

    /// <summary>The setting's name without its index in a list.</summary>
    private static string Name(string setting) => ListPlace().Replace(setting, "");

    private static void AssertNone(IEnumerable<string> names, IEnumerable<string> known) =>
        Assert.Empty(names.Except(known));

    [GeneratedRegex(@"readEnvironmentVariable\('(\w+)'")]
    private static partial Regex EnvironmentVariable();

    /// <summary>Calls that open something in a storage account, without the declarations of those methods.</summary>
    [GeneratedRegex(@"account\.(?:Container|Table|Queue)\(([^)]+)\)", RegexOptions.IgnoreCase)]
    private static partial Regex Opened();

    [GeneratedRegex(@"__\d+$")]
    private static partial Regex ListPlace();
}
