using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>
/// Runs the Bicep command line, offline and with its own home folder, so that it finds no cached modules.
/// </summary>
internal static class Bicep
{
    /// <summary>The parameters of a deployment that uses every feature.</summary>
    public static readonly IReadOnlyDictionary<string, string> Deployment = new Dictionary<string, string>
    {
        ["AZURE_ENV_NAME"] = "test",
        ["AZURE_LOCATION"] = "westeurope",
        ["NIMBLE_API_KEY"] = "secret-api-key",
        ["CALLBACK_KEY"] = "secret-callback-key",
        ["PREVIOUS_CALLBACK_KEY"] = "secret-previous-key",
        ["STORAGE_URL"] = "s3://my-results/results/",
        ["CALLBACK_BASE"] = "https://gateway.example.com",
        ["AZURE_TOKEN_AUDIENCE"] = "api://pipeline-results",
        ["AWS_ROLE_ARN"] = "arn:aws:iam::111122223333:role/reader",
        ["AWS_REGION"] = "eu-west-1",
        ["AWS_REQUEST_PAYER"] = "requester",
        [
            "GOOGLE_WORKLOAD_PROVIDER"] = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/"
                + "pipeline-azure/providers/azure",
        ["GOOGLE_SERVICE_ACCOUNT"] = "reader@my-project.iam.gserviceaccount.com",
        ["GOOGLE_CLOUD_QUOTA_PROJECT"] = "my-project",
        ["APP_SETTINGS"] = """{"Pipeline__Nimble__RequestsPerSecond":"50"}""",
        ["RECORD_DAYS"] = "365",
        ["ALWAYS_READY_HTTP"] = "1",
        ["ALWAYS_READY_COLLECT"] = "2",
        ["ALERT_EMAILS"] = """["operator@example.com"]""",
        ["ALERT_WEBHOOKS"] = """{"pager":"https://pager.example.com/secret-hook"}""",
        ["TEAMS_URL"] = "https://teams.example.com/secret-workflow",
        ["PRODUCERS"] = """["00000000-0000-0000-0000-00000000000a"]""",
        ["TAGS"] = """{"owner":"data-team"}""",
        ["PRIVATE_NETWORK"] = "true",
        ["ZONE_REDUNDANT"] = "true",
        ["STORAGE_LOCK"] = "true",
        ["STORAGE_AUDIT"] = "true",
        ["AVAILABILITY_TEST"] = "true",
        ["MONTHLY_BUDGET"] = "500",
        ["BUDGET_START"] = "2026-12-01",
        ["IMAGE"] = "registry.example.com/pipeline:1.2.3",
        ["REGISTRY_NAME"] = "registry",
        ["STORAGE_ACCOUNT_NAME"] = "staccount",
        ["KEY_VAULT_NAME"] = "kv-vault",
        ["IDENTITY_NAME"] = "id-app",
        ["INSIGHTS_NAME"] = "appi-insights",
        ["CONSUMERS"] = """["00000000-0000-0000-0000-00000000000b","00000000-0000-0000-0000-00000000000c"]""",
    };

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly Lazy<Task<string>> Expanded = new(SnapshotAsync);

    /// <summary>
    /// Every resource that <see cref="Deployment"/> would create, expanded by Bicep, as indented JSON.
    /// </summary>
    public static Task<string> ExpandedAsync() => Expanded.Value;

    /// <summary>The expanded resources of one type.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ResourcesAsync(string type)
    {
        var resources = JsonElement.Parse(await ExpandedAsync()).GetProperty("predictedResources").EnumerateArray();
        return [.. resources.Where(r => r.GetProperty("type").GetString() == type)];
    }

    /// <summary>Compiles one file with everything it imports into the folder <paramref name="output"/>.</summary>
    public static Task<BicepRun> BuildAsync(string file, string output) =>
        RunAsync(Path.GetDirectoryName(file)!, "build", file, "--outdir", output);

    /// <summary>Runs Bicep. It succeeded if it printed nothing.</summary>
    public static Task<BicepRun> RunAsync(string folder, params string[] arguments) =>
        RunAsync(BicepVersion.Newest, folder, arguments);

    /// <summary>Runs one version of Bicep.</summary>
    public static async Task<BicepRun> RunAsync(BicepVersion version, string folder, params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux()
            && RuntimeInformation.ProcessArchitecture == Architecture.X64,
            "The package has Bicep for Linux on x64 only.");
        using var home = new TempFolder();
        var start = new ProcessStartInfo(ProgramOf(version), arguments)
        {
            WorkingDirectory = folder,
        };
        start.Environment.Clear();
        start.Environment["HOME"] = home.Path;
        foreach (var (name, value) in Deployment)
            start.Environment[name] = value;
        var (exitCode, output, error) = await Programs.RunAsync(start);
        return new(exitCode, output + error);
    }

    /// <summary>Expands all resources of a parameter file, in its folder; returns the snapshot.</summary>
    public static async Task<JsonNode> SnapshotAsync(BicepVersion version, string folder, string parameters)
    {
        var run = await RunAsync(version, folder, "snapshot", parameters, "--mode", "overwrite",
            "--tenant-id", "00000000-0000-0000-0000-000000000001", "--subscription-id",
            "00000000-0000-0000-0000-000000000002", "--resource-group", "rg-test");
        Assert.Equal(new(0, ""), run);
        var file = Path.Combine(folder, Path.ChangeExtension(parameters, "snapshot.json"));
        return JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!;
    }

    private static string ProgramOf(BicepVersion version) =>
        typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(
            a => a.Key == (version == BicepVersion.Newest ? "BicepPath" : "OldBicepPath")).Value!;

    private static async Task<string> SnapshotAsync()
    {
        using var copy = new TempFolder();
        TempFolder.CopyFolder(Path.Combine(Repository.Root, "infra", "azure"), copy.Path);
        var snapshot = await SnapshotAsync(BicepVersion.Newest, copy.Path, "main.bicepparam");
        return Sorted(snapshot)!.ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
    }

    /// <summary>Sorts the expanded resources, because Bicep's order differs from run to run.</summary>
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject item =>
            new JsonObject(
                item.OrderBy(p => p.Key, StringComparer.Ordinal)
                    .Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray { Count: > 0 } items when items[0] is JsonObject first && first.ContainsKey("id") =>
            new JsonArray([.. items.Select(Sorted).OrderBy(i => (string?)i!["id"], StringComparer.Ordinal)]),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}

/// <summary>The compilers that the templates must pass.</summary>
public enum BicepVersion
{
    /// <summary>The version that this repository uses.</summary>
    Newest,

    /// <summary>The oldest version in the package feed, close to that of the Azure Developer CLI.</summary>
    Oldest,
}

/// <summary>
/// The result of a run of Bicep. The output counts too, because Bicep exits with 0 after some mistakes.
/// </summary>
internal sealed record BicepRun(int ExitCode, string Output);
