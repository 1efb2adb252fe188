using System.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>infra/azure/deploy.sh with a fake az and gh that only record their calls.</summary>
public sealed class DeployScriptTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task AReleaseIsVerifiedDeployedAndTriedWithAList()
    {
        var (exitCode, output, calls) = await RunAsync(records: 1, before: "v1.0.0");
        Assert.Equal((0, "v1.1.0 runs as func-app."), (exitCode, output.Trim()));
        Assert.Equal(
            ["release download v1.1.0", "attestation verify", "deployment group", "config-zip v1.1.0", "put"],
            Steps(calls));
        Assert.Contains(calls, c => c.Contains("STORAGE_URL=s3://my-results/results/", StringComparison.Ordinal));
        Assert.Contains(
            calls, c => c.Contains(" --tags pipeline-prod-eu-release=v1.1.0 --output none", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AReleaseThatReturnsNoRecordGivesWayToTheOneBefore()
    {
        var (exitCode, output, calls) = await RunAsync(records: 0, before: "v1.0.0");
        Assert.Equal(1, exitCode);
        Assert.Contains("v1.0.0 runs again", output, StringComparison.Ordinal);
        Assert.Equal(
            [
                "release download v1.1.0", "attestation verify", "deployment group", "config-zip v1.1.0", "put",
                "release download v1.0.0", "attestation verify", "config-zip v1.0.0",
            ],
            Steps(calls));
    }

    [Fact]
    public async Task AReleaseThatCannotBeInstalledGivesWayToTheOneBefore()
    {
        var (exitCode, output, calls) = await RunAsync(records: 1, before: "v1.0.0", refused: "v1.1.0.zip");
        Assert.Equal(1, exitCode);
        Assert.Contains("v1.0.0 runs again", output, StringComparison.Ordinal);
        Assert.DoesNotContain("put", Steps(calls));
        Assert.Equal("config-zip v1.0.0", Steps(calls).Last());
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1.1.0")]
    public async Task WithoutAnotherReleaseThereIsNothingToReturnTo(string before)
    {
        var (exitCode, output, calls) = await RunAsync(records: 0, before: before);
        Assert.Equal(1, exitCode);
        Assert.Contains("no other release ran before", output, StringComparison.Ordinal);
        Assert.Single(Steps(calls), step => step.StartsWith("config-zip", StringComparison.Ordinal));
    }

    /// <summary>It must come from the release workflow and the tag itself, not from an older, weaker build.</summary>
    [Fact]
    public async Task APackageOfAnotherOriginIsNotDeployed()
    {
        var (exitCode, _, calls) = await RunAsync(records: 1, before: "", forged: true);
        Assert.NotEqual(0, exitCode);
        Assert.Equal(["release download v1.1.0", "attestation verify"], Steps(calls));
        Assert.Contains(
            "--repo example/pipeline --signer-workflow example/pipeline/.github/workflows/release.yml "
                + "--source-ref refs/tags/v1.1.0",
            calls.Single(c => c.StartsWith("attestation", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--repo=other/pipeline")]
    [InlineData("main")]
    [InlineData("v1.1.0; touch x")]
    public async Task ATextThatIsNoTagIsRefused(string tag)
    {
        var (exitCode, output, calls) = await RunAsync(records: 1, before: "", tag: tag);
        Assert.Equal(2, exitCode);
        Assert.Contains("is not the tag of a release", output, StringComparison.Ordinal);
        Assert.Empty(calls);
    }

    /// <summary>Azure would use the default of each missing parameter, and so open a private network.</summary>
    [Theory]
    [InlineData("{\"PRIVATE_NETWORK\":true", "is no JSON object")]
    [InlineData("[\"PRIVATE_NETWORK\"]", "is no JSON object")]
    [InlineData("{\"PRIVATE_NETWORKS\":true}", "names 'PRIVATE_NETWORKS'")]
    [InlineData("{\"PATH\":\"/tmp\"}", "names 'PATH'")]
    public async Task UnusableParametersEndTheScriptBeforeAnythingChanges(string deployment, string problem)
    {
        var (exitCode, output, calls) = await RunAsync(records: 1, before: "", deployment: deployment);
        Assert.Equal(2, exitCode);
        Assert.Contains(problem, output, StringComparison.Ordinal);
        Assert.Empty(calls);
    }

    [Fact]
    public async Task AParameterMayHaveSeveralLines()
    {
        var (exitCode, _, calls) = await RunAsync(
            records: 1, before: "", deployment: """{"STORAGE_URL":"s3://a/\nTAGS=x","MAXIMUM_INSTANCES":5}""");
        Assert.Equal(0, exitCode);
        Assert.Contains("TAGS=x, TAGS=", calls);
    }

    /// <summary>A build's token expires within minutes; a deployment takes longer.</summary>
    [Fact]
    public async Task EachStepSignsInAnew()
    {
        var (_, _, calls) = await RunAsync(records: 0, before: "v1.0.0", onGitHub: true);
        var signedIn = 0;
        foreach (var call in calls)
        {
            signedIn += call.StartsWith("login ", StringComparison.Ordinal) ? 1 : 0;
            if (call.Contains("deployment group create", StringComparison.Ordinal))
                Assert.Equal(1, signedIn);
            else if (call.Contains("v1.1.0.zip", StringComparison.Ordinal) && call.Contains("config-zip"))
                Assert.Equal(2, signedIn);
            else if (call.StartsWith("storage message put", StringComparison.Ordinal))
                Assert.Equal(3, signedIn);
        }
        Assert.Equal(4, signedIn);
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<string> Steps(IEnumerable<string> calls)
    {
        string[] steps =
        [
            "release download v1.1.0",
            "release download v1.0.0",
            "attestation verify",
            "deployment group",
        ];
        foreach (var call in calls)
        {
            if (Array.Find(steps, step => call.StartsWith(step, StringComparison.Ordinal)) is { } step)
                yield return step;
            else if (call.Contains("config-zip", StringComparison.Ordinal))
                yield return call.Contains("v1.1.0.zip", StringComparison.Ordinal)
                    ? "config-zip v1.1.0" : "config-zip v1.0.0";
            else if (call.StartsWith("storage message put", StringComparison.Ordinal))
                yield return "put";
        }
    }

    private async Task<(int ExitCode, string Output, string[] Calls)> RunAsync(
        int records, string before, bool forged = false, string refused = "nothing", string tag = "v1.1.0",
        bool onGitHub = false,
        string deployment = """{"STORAGE_URL":"s3://my-results/results/","MAXIMUM_INSTANCES":5}""")
    {
        Assert.SkipUnless(File.Exists("/bin/bash") && File.Exists("/usr/bin/jq"), "There is no bash or jq here.");
        var log = _folder["calls.txt"];
        await File.WriteAllTextAsync(log, "", TestContext.Current.CancellationToken);
        await AddProgramAsync(
            "gh", $"echo \"$*\" >> '{log}'\ncase \"$1\" in attestation) exit {(forged ? 1 : 0)} ;; esac");
        await AddProgramAsync("curl", """echo '{"value":"build-token"}'""");
        // As in Azure, a deployment keeps the group's tags and replaces the app's tags with the template's, so there
        // are none to read.
        await AddProgramAsync("az", $$"""
            echo "$* STORAGE_URL=$STORAGE_URL, TAGS=$TAGS" >> '{{log}}'
            case "$*" in
              *'{{refused}}'*) exit 1 ;;
              *'deployment group create'*)
                echo '{"functioN_APP_NAME":{"value":"func-app"}, "storagE_ACCOUNT_NAME":{"value":"st"} }' ;;
              'group show'*) echo '{"id":"/groups/rg","tags":{"pipeline-prod-eu-release":"{{before}}"} }' ;;
              *'blob download'*) while [ "$1" != --file ]; do shift; done; echo '{"records":{{records}} }' > "$2" ;;
            esac
            """);
        var start = new ProcessStartInfo(
            "/bin/bash", [Path.Combine(Repository.Root, "infra", "azure", "deploy.sh"), tag]);
        start.Environment.Clear();
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["PATH"] = $"{_folder.Path}:/usr/bin:/bin",
            ["GH_REPO"] = "example/pipeline",
            ["AZURE_RESOURCE_GROUP"] = "rg",
            ["AZURE_ENV_NAME"] = "Prod EU",
            ["AZURE_LOCATION"] = "westeurope",
            ["AZURE_CLIENT_ID"] = "client",
            ["AZURE_TENANT_ID"] = "tenant",
            ["AZURE_SUBSCRIPTION_ID"] = "subscription",
            ["ACTIONS_ID_TOKEN_REQUEST_URL"] = onGitHub ? "https://tokens.example.com/?v=1" : "",
            ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "request",
            ["NIMBLE_API_KEY"] = "key",
            ["CALLBACK_KEY"] = "key",
            ["SMOKE_URL"] = "https://www.example.com/",
            ["SETTLE_SECONDS"] = "0",
            ["INSTALL_SECONDS"] = "0",
            ["SMOKE_SECONDS"] = "0",
            ["DEPLOYMENT"] = deployment,
        })
            start.Environment[name] = value;
        var (exitCode, output, error) = await Programs.RunAsync(start);
        return (
            exitCode, output + error,
            await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken));
    }

    private async Task AddProgramAsync(string name, string script)
    {
        await File.WriteAllTextAsync(
            _folder[name], $"#!/bin/sh\n{script}\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(
                _folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
