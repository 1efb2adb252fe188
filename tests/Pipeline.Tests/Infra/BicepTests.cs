using System.Text.Json;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

public sealed class BicepTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "infra", "azure");

    private static readonly string[] Switches =
        ["privateNetwork", "zoneRedundant", "storageLock", "storageAudit", "availabilityTest"];

    public static TheoryData<BicepVersion> Versions => [BicepVersion.Newest, BicepVersion.Oldest];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task EveryFileLintsWithoutWarnings(BicepVersion version)
    {
        Assert.True(Directory.GetFiles(Folder, "*.bicep*", SearchOption.AllDirectories).Length >= 13);
        Assert.Equal(new(0, ""), await Bicep.RunAsync(version, Folder, "lint", "--pattern", "./**/*.bicep"));
        Assert.Equal(new(0, ""), await Bicep.RunAsync(version, Folder, "lint", "main.bicepparam"));
        Assert.Equal(new(0, ""), await Bicep.RunAsync(version, Folder, "lint", "container-app.bicepparam"));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task EveryCombinationOfTheSwitchesExpandsWithoutDiagnostics(BicepVersion version)
    {
        using var copy = new TempFolder();
        TempFolder.CopyFolder(Folder, copy.Path);
        var bits = string.Join('\n', Switches.Select((name, i) => $"    {name}: (n / {1 << i}) % 2 == 1"));
        await File.WriteAllTextAsync(copy["all.bicep"], $$"""
            module all 'main.bicep' = [for n in range(0, {{1 << Switches.Length}}): {
              params: {
                environmentName: 'env${n}'
                location: 'westeurope'
                nimbleApiKey: 'key'
                callbackKey: 'key'
                monthlyBudget: n
                budgetStart: '2026-12-01'
            {{bits}}
              }
            }]
            """, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            copy["all.bicepparam"], "using 'all.bicep'\n", TestContext.Current.CancellationToken);

        var snapshot = await Bicep.SnapshotAsync(version, copy.Path, "all.bicepparam");

        Assert.Empty(snapshot["diagnostics"]!.AsArray());
        int Count(string type) => snapshot["predictedResources"]!.AsArray().Count(r => (string?)r!["type"] == type);
        Assert.Equal(32, Count("Microsoft.Web/sites"));
        Assert.Equal(16, Count("Microsoft.Network/virtualNetworks"));
        Assert.Equal(16, Count("Microsoft.Authorization/locks"));
        Assert.Equal(16, Count("Microsoft.Insights/webtests"));
        Assert.Equal(32 + (16 * 3), Count("Microsoft.Insights/diagnosticSettings"));
        Assert.Equal(31, Count("Microsoft.Consumption/budgets"));
    }

    /// <summary>The container app gets what the Functions app gets: account, identity and secrets.</summary>
    [Fact]
    public async Task TheContainerAppSignsInByTheAppsIdentity()
    {
        using var copy = new TempFolder();
        TempFolder.CopyFolder(Folder, copy.Path);
        var snapshot = await Bicep.SnapshotAsync(BicepVersion.Newest, copy.Path, "container-app.bicepparam");
        Assert.Empty(snapshot["diagnostics"]!.AsArray());
        var app = Assert.Single(
            snapshot["predictedResources"]!.AsArray(), r => (string?)r!["type"] == "Microsoft.App/containerApps")!;
        var template = app["properties"]!["template"]!;
        var settings = template["containers"]![0]!["env"]!.AsArray().Select(v => (string?)v!["name"]).ToList();
        Assert.Superset(
            new HashSet<string?>
            {
                "NIMBLE_API_KEY", "Pipeline__Delivery__CallbackKeys__0", "AzureWebJobsStorage__accountName",
                "AzureWebJobsStorage__credential", "AZURE_CLIENT_ID", "APPLICATIONINSIGHTS_CONNECTION_STRING",
            },
            settings.ToHashSet());
        Assert.Equal(
            ["Startup /healthz", "Liveness /healthz", "Readiness /readyz"],
            template["containers"]![0]!["probes"]!.AsArray().Select(p => $"{p!["type"]} {p["httpGet"]!["path"]}"));
        Assert.Equal(1, (int?)template["scale"]!["minReplicas"]);
        Assert.Equal(
            ["url-lists", "submissions", "results", "notifications", "exports"],
            template["scale"]!["rules"]!.AsArray().Select(r => (string?)r!["azureQueue"]!["queueName"]));
        Assert.DoesNotContain("secret-", snapshot.ToJsonString(), StringComparison.Ordinal);
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
    /// A changed deployment shows in review as a changed snapshot. UPDATE_SNAPSHOTS=1 writes it again.
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
            && type.GetString() is "securestring" or "secureObject").Select(p => p.Name);
        Assert.Equal(
            ["alertWebhooks", "callbackKey", "nimbleApiKey", "previousCallbackKey", "teamsUrl"], secure.Order());
        foreach (var name in secure)
        {
            var users = template.GetProperty("resources").EnumerateObject().Where(
                r => r.Value.GetRawText().Contains($"parameters('{name}')", StringComparison.Ordinal));
            // Addresses of receivers may hold a token; only the action group has them.
            Assert.Equal([name is "alertWebhooks" or "teamsUrl" ? "receivers" : "vault"], users.Select(u => u.Name));
        }

        Assert.DoesNotContain(
            "connectionString", template.GetProperty("outputs").GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret-", await Bicep.ExpandedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnlyIdentitiesGrantAccess()
    {
        var accounts = await Bicep.ResourcesAsync("Microsoft.Storage/storageAccounts");
        Assert.Equal(2, accounts.Count);
        foreach (var account in accounts.Select(a => a.GetProperty("properties")))
        {
            Assert.False(account.GetProperty("allowSharedKeyAccess").GetBoolean());
            Assert.False(account.GetProperty("allowBlobPublicAccess").GetBoolean());
        }

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

    /// <summary>
    /// On the pipeline's account the app's identity has a role on each queue, container and table, and none on the
    /// account. It can neither create others nor read other people's data there.
    /// </summary>
    [Fact]
    public async Task NobodyHasARoleOnThePipelinesAccountAsAWhole()
    {
        var roles = await Bicep.ResourcesAsync("Microsoft.Authorization/roleAssignments");
        var scopes = roles.Select(ScopeOf)
            .Where(scope => scope.Contains("Microsoft.Storage/storageAccounts/", StringComparison.Ordinal)).ToList();
        var host = scopes.Where(scope => scope.Contains("/sthost", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, host.Count);
        Assert.All(scopes.Except(host), scope => Assert.Contains("/default/", scope, StringComparison.Ordinal));
        foreach (var kind in new[] { "queueServices/queues", "blobServices/containers", "tableServices/tables" })
        {
            var names = (await Bicep.ResourcesAsync("Microsoft.Storage/storageAccounts/" + kind))
                .Select(r => r.GetProperty("name").GetString()!)
                .Where(name => !name.StartsWith("sthost", StringComparison.Ordinal))
                .Select(name => "/" + name.Split('/')[^1]);
            Assert.All(names, name => Assert.Contains(scopes, s => s.EndsWith(name, StringComparison.Ordinal)));
        }
    }

    private static string ScopeOf(JsonElement role) =>
        role.GetProperty("id").GetString()!.Split("/providers/Microsoft.Authorization/")[0];

    /// <summary>Azure's own roles that may write blobs may also delete their container.</summary>
    [Fact]
    public async Task ProducersNeitherReadNorDeleteAnything()
    {
        const string Blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
        var writer = Assert.Single(await Bicep.ResourcesAsync("Microsoft.Authorization/roleDefinitions"));
        var permission = Assert.Single(
            writer.GetProperty("properties").GetProperty("permissions").EnumerateArray());
        Assert.Empty(permission.GetProperty("actions").EnumerateArray());
        Assert.Equal(
            [$"{Blobs}/write", $"{Blobs}/add/action"],
            permission.GetProperty("dataActions").EnumerateArray().Select(a => a.GetString()));
        // Storage Queue Data Message Sender, and the role above.
        var sender = "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a";
        Assert.Equal(
            [("containers/lists", writer.GetProperty("name").GetString()!), ("queues/url-lists", sender)],
            (await RolesOfAsync("00000000-0000-0000-0000-00000000000a")).Order());
    }

    /// <summary>
    /// Consumers receive from the output's queues, read its containers, and move unreadable messages to poison queues.
    /// </summary>
    [Fact]
    public async Task ConsumersReceiveTheOutputAndNothingElse()
    {
        var (processor, sender, reader) = (
            "8a0f0c08-91a1-4084-bc3d-661d67233fed", "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
            "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1");
        Assert.Equal(
            AzureNames.OutputQueues.SelectMany(
                name => new[]
                {
                    ($"containers/{name}", reader), ($"queues/{name}", processor), ($"queues/{name}-poison", sender),
                }).Append(($"containers/{AzureNames.ExportsContainer}", reader)).Order(),
            (await RolesOfAsync("00000000-0000-0000-0000-00000000000b")).Order());
    }

    /// <summary>
    /// Azure and GitHub ignore case, so names that differ only in case must not make two deployments.
    /// </summary>
    [Fact]
    public async Task UpperAndLowerCaseOfAnEnvironmentMakeOneDeployment()
    {
        using var copy = new TempFolder();
        TempFolder.CopyFolder(Folder, copy.Path);
        var names = new HashSet<string>();
        foreach (var name in new[] { "Prod", "prod", "1", new string('a', 64) })
        {
            await File.WriteAllTextAsync(
                copy["one.bicepparam"],
                $"using 'main.bicep'\nparam environmentName = '{name}'\nparam location = 'westeurope'\n"
                    + "param nimbleApiKey = 'key'\nparam callbackKey = 'key'\n",
                TestContext.Current.CancellationToken);
            var snapshot = await Bicep.SnapshotAsync(BicepVersion.Newest, copy.Path, "one.bicepparam");
            foreach (var account in snapshot["predictedResources"]!.AsArray()
                .Where(r => (string?)r!["type"] == "Microsoft.Storage/storageAccounts"))
            {
                Assert.Matches("^[a-z0-9]{3,24}$", (string?)account!["name"]);
                names.Add((string)account["name"]!);
            }
        }
        Assert.Equal(3 * 2, names.Count);
    }

    private static async Task<IEnumerable<(string Scope, string Role)>> RolesOfAsync(string principal) =>
        (await Bicep.ResourcesAsync("Microsoft.Authorization/roleAssignments"))
            .Where(r => r.GetProperty("properties").GetProperty("principalId").GetString() == principal)
            .Select(r => (
                string.Join('/', ScopeOf(r).Split('/')[^2..]),
                r.GetProperty("properties").GetProperty("roleDefinitionId").GetString()!.Split('/')[^1]));

    [Fact]
    public async Task TheAppIsOnFlexConsumptionWithoutSettingsThatBelongToOtherPlans()
    {
        var config = Assert.Single(
            await Bicep.ResourcesAsync(
                "Microsoft.Web/sites")).GetProperty("properties").GetProperty("functionAppConfig");
        Assert.Equal(
            """{"name":"dotnet-isolated","version":"10.0"}""", JsonSerializer.Serialize(config.GetProperty("runtime")));
        Assert.Equal(2048, config.GetProperty("scaleAndConcurrency").GetProperty("instanceMemoryMB").GetInt32());
        Assert.Equal("RollingUpdate", config.GetProperty("siteUpdateStrategy").GetProperty("type").GetString());
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
