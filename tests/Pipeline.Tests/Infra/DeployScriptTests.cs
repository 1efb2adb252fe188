using System.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>infra/azure/deploy.sh with an az and a gh that only record their calls.</summary>
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
    public async Task AFirstReleaseHasNothingToReturnTo()
    {
        var (exitCode, output, calls) = await RunAsync(records: 0, before: "");
        Assert.Equal(1, exitCode);
        Assert.Contains("no release ran before", output, StringComparison.Ordinal);
        Assert.Single(Steps(calls), step => step.StartsWith("config-zip", StringComparison.Ordinal));
    }

    [Fact]
    public async Task APackageOfUnknownOriginIsNotDeployed()
    {
        var (exitCode, _, calls) = await RunAsync(records: 1, before: "", forged: true);
        Assert.NotEqual(0, exitCode);
        Assert.Equal(["release download v1.1.0", "attestation verify"], Steps(calls));
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
        int records, string before, bool forged = false)
    {
        Assert.SkipUnless(File.Exists("/bin/bash") && File.Exists("/usr/bin/jq"), "There is no bash or jq here.");
        var log = _folder["calls.txt"];
        await File.WriteAllTextAsync(log, "", TestContext.Current.CancellationToken);
        await AddProgramAsync(
            "gh", $"echo \"$*\" >> '{log}'\ncase \"$1\" in attestation) exit {(forged ? 1 : 0)} ;; esac");
        await AddProgramAsync("az", $$"""
            echo "$* STORAGE_URL=$STORAGE_URL" >> '{{log}}'
            case "$*" in
              *'deployment group create'*)
                echo '{"functioN_APP_NAME":{"value":"func-app"}, "storagE_ACCOUNT_NAME":{"value":"st"} }' ;;
              *'functionapp show'*) echo /subscriptions/1/app ;;
              *'tag list'*) echo '{{before}}' ;;
              *'blob exists'*) echo true ;;
              *'blob download'*) while [ "$1" != --file ]; do shift; done; echo '{"records":{{records}} }' > "$2" ;;
            esac
            """);
        var start = new ProcessStartInfo(
            "/bin/bash", [Path.Combine(Repository.Root, "infra", "azure", "deploy.sh"), "v1.1.0"]);
        start.Environment.Clear();
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["PATH"] = $"{_folder.Path}:/usr/bin:/bin",
            ["GH_REPO"] = "example/pipeline",
            ["AZURE_RESOURCE_GROUP"] = "rg",
            ["AZURE_ENV_NAME"] = "test",
            ["AZURE_LOCATION"] = "westeurope",
            ["NIMBLE_API_KEY"] = "key",
            ["CALLBACK_KEY"] = "key",
            ["SMOKE_URL"] = "https://www.example.com/",
            ["SMOKE_SECONDS"] = "0",
            ["DEPLOYMENT"] = """{"STORAGE_URL":"s3://my-results/results/","MAXIMUM_INSTANCES":5}""",
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
