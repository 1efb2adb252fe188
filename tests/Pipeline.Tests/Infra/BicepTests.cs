using System.Text.Json;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

public sealed class BicepTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "infra", "azure");

    [Fact]
    public async Task EveryFileLintsWithoutWarnings()
    {
        var files = Directory.GetFiles(Folder, "*.bicep*", SearchOption.AllDirectories);
        Assert.True(files.Length >= 9);
        Assert.Equal(new(0, ""), await Bicep.RunAsync(Folder, "lint", "--pattern", "./**/*.bicep"));
        Assert.Equal(new(0, ""), await Bicep.RunAsync(Folder, "lint", "main.bicepparam"));
    }

    [Fact]
    public async Task WrongNamesAreReported()
    {
        using var copy = new TempFolder();
        TempFolder.CopyFolder(Folder, copy.Path);
        var module = copy["modules", "function-app.bicep"];
        var text = await File.ReadAllTextAsync(module, TestContext.Current.CancellationToken);
        foreach (var (right, wrong)
            in new[]
            {
                ("runtime: {", "runtimes: {"),
                ("properties: settings", "property: settings"),
                ("param name string", "param name string\nparam nothing string"),
            })
        {
            Assert.Contains(right, text, StringComparison.Ordinal);
            text = text.Replace(right, wrong, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(module, text, TestContext.Current.CancellationToken);
        var said = (await Bicep.RunAsync(copy.Path, "lint", module)).Output;
        Assert.All(
            ["runtimes", "property", "no-unused-params"],
            mistake => Assert.Contains(mistake, said, StringComparison.Ordinal));
    }

    /// <summary>
    /// Reviewers see a change of the deployment as a change of the snapshot. UPDATE_SNAPSHOTS=1 writes the snapshot
    /// again.
    /// </summary>
    [Fact]
    public async Task TheDeploymentMatchesTheSnapshot()
    {
        var file = Path.Combine(Repository.Root, "tests", "Pipeline.Tests", "Infra", "main.snapshot.json");
        var expanded = await Bicep.ExpandedAsync();
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
            await File.WriteAllTextAsync(file, expanded, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), expanded);
    }

    [Fact]
    public async Task SecretsAreOnlyInTheVault()
    {
        using var output = new TempFolder();
        Assert.Equal(new(0, ""), await Bicep.BuildAsync(Path.Combine(Folder, "main.bicep"), output.Path));
        var template = JsonElement.Parse(
            await File.ReadAllTextAsync(output["main.json"], TestContext.Current.CancellationToken));
        var secure =
            template.GetProperty("parameters").EnumerateObject().Where(p => p.Value.TryGetProperty("type", out var type)
            && type.GetString() == "securestring").Select(p => p.Name);
        Assert.Equal(["callbackKey", "nimbleApiKey", "previousCallbackKey"], secure.Order());
        foreach (var name in secure)
        {
            var users = template.GetProperty("resources").EnumerateObject().Where(
                r => r.Value.GetRawText().Contains($"parameters('{name}')", StringComparison.Ordinal));
            Assert.Equal(["vault"], users.Select(u => u.Name));
        }

        Assert.DoesNotContain(
            "connectionString", template.GetProperty("outputs").GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret-", await Bicep.ExpandedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnlyIdentitiesGrantAccess()
    {
        var account = Assert.Single(
            await Bicep.ResourcesAsync("Microsoft.Storage/storageAccounts")).GetProperty("properties");
        Assert.False(account.GetProperty("allowSharedKeyAccess").GetBoolean());
        Assert.False(account.GetProperty("allowBlobPublicAccess").GetBoolean());
        Assert.True(
            Assert.Single(
                await Bicep.ResourcesAsync(
                    "Microsoft.Insights/components")).GetProperty("properties").GetProperty("DisableLocalAuth")
                        .GetBoolean());
        Assert.True(
            Assert.Single(await Bicep.ResourcesAsync("Microsoft.KeyVault/vaults"))
                .GetProperty("properties")
                .GetProperty("enableRbacAuthorization")
                .GetBoolean());
        foreach (var policy in await Bicep.ResourcesAsync("Microsoft.Web/sites/basicPublishingCredentialsPolicies"))
            Assert.False(policy.GetProperty("properties").GetProperty("allow").GetBoolean());
    }

    [Fact]
    public async Task TheAppIsOnFlexConsumptionWithoutSettingsThatBelongToOtherPlans()
    {
        var config = Assert.Single(
            await Bicep.ResourcesAsync(
                "Microsoft.Web/sites")).GetProperty("properties").GetProperty("functionAppConfig");
        Assert.Equal(
            """{"name":"dotnet-isolated","version":"10.0"}""", JsonSerializer.Serialize(config.GetProperty("runtime")));
        Assert.Equal(2048, config.GetProperty("scaleAndConcurrency").GetProperty("instanceMemoryMB").GetInt32());
        Assert.Equal(
            "UserAssignedIdentity",
            config.GetProperty("deployment")
                .GetProperty("storage")
                .GetProperty("authentication")
                .GetProperty("type")
                .GetString());
        var settings = await Names.SettingsAsync();
        Assert.DoesNotContain(settings, s => s.StartsWith("WEBSITE_", StringComparison.Ordinal)
            || s.StartsWith("FUNCTIONS_", StringComparison.Ordinal));
        Assert.DoesNotContain("AzureWebJobsStorage", settings);
    }
}
