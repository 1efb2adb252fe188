using System.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>infra/gcp/results-bucket.sh with a fake gcloud that only records its calls.</summary>
public sealed class GcpScriptTests : IDisposable
{
    private const string Tenant = "00000000-0000-0000-0000-000000000001";
    private const string Identity = "00000000-0000-0000-0000-000000000002";
    private const string Pool = "projects/424242/locations/global/workloadIdentityPools/pipeline-azure";
    private static readonly string[] Arguments =
    [
        "my-project",
        "my-results",
        Tenant,
        Identity,
        "api://pipeline-results",
    ];
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task EverythingIsCreatedFromNothing()
    {
        var (exitCode, output, calls) = await RunAsync("ABSENT", Arguments);
        Assert.Equal(0, exitCode);
        Assert.Equal(
            $"storage_url=gs://my-results/results/\nprovider=//iam.googleapis.com/{Pool}/providers/azure\naudience="
                + "api://pipeline-results\n",
            output);
        Assert.All(calls, call => Assert.Contains("--project=my-project --quiet", call, StringComparison.Ordinal));
        Assert.Contains(calls, c => c.StartsWith("storage buckets create gs://my-results ", StringComparison.Ordinal)
            && c.Contains("--uniform-bucket-level-access --public-access-prevention", StringComparison.Ordinal));
        Assert.Contains(
            calls, c => c.StartsWith("iam workload-identity-pools create pipeline-azure ", StringComparison.Ordinal));
        Assert.Contains(
            calls,
            c => c.StartsWith("iam workload-identity-pools providers create-oidc azure ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ExistingResourcesAreKeptOrUpdated()
    {
        var (exitCode, _, calls) = await RunAsync("ACTIVE", Arguments);
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(calls, c => c.Contains(" create", StringComparison.Ordinal));
        Assert.Contains(
            calls,
            c => c.StartsWith("iam workload-identity-pools providers update-oidc azure ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task DeletedPoolsAreUndeletedAndExistingBucketsHardened()
    {
        var (exitCode, _, calls) = await RunAsync("DELETED", Arguments);
        Assert.Equal(0, exitCode);
        Assert.Contains(
            calls, c => c.StartsWith("iam workload-identity-pools undelete pipeline-azure ", StringComparison.Ordinal));
        Assert.Contains(
            calls,
            c => c.StartsWith("iam workload-identity-pools providers undelete azure ", StringComparison.Ordinal));
        Assert.Contains(
            calls,
            c => c.StartsWith("iam workload-identity-pools providers update-oidc azure ", StringComparison.Ordinal));
        Assert.Contains(
            calls,
            c => c.StartsWith(
                "storage buckets update gs://my-results --uniform-bucket-level-access --public-access-prevention",
                StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatMayNotBeSeenDoesNotCountAsAbsent()
    {
        var (exitCode, output, calls) = await RunAsync("FORBIDDEN", Arguments);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.DoesNotContain(calls, c => c.Contains(" create", StringComparison.Ordinal));
    }

    [Fact]
    public async Task GrantsOfEarlierRunsAreTakenBack()
    {
        const string Writer = "serviceAccount:nimbleway-gcp-storage@nimbleway-gcp.iam.gserviceaccount.com";
        const string Old = "resource.name.startsWith('projects/_/buckets/my-results/objects/old/')";
        const string Current = "resource.name.startsWith('projects/_/buckets/my-results/objects/results/')";
        string[] bindings =
        [
            $"roles/storage.objectCreator|{Writer}|results|{Old}",
            $"roles/storage.objectCreator|{Writer}|results|{Current}",
            $"roles/storage.objectCreator|{Writer}|mine|{Old}",
            $"roles/storage.objectViewer|principal://iam.googleapis.com/{Pool}/subject/{Tenant}||",
            $"roles/storage.objectViewer|principal://iam.googleapis.com/{Pool}/subject/{Identity}||",
            "roles/storage.objectViewer|user:me@example.com||",
        ];
        var (exitCode, _, calls) = await RunAsync("ACTIVE", Arguments, bindings: string.Join('\n', bindings) + "\n");
        Assert.Equal(0, exitCode);
        Assert.Equal(
            [
                $"storage buckets remove-iam-policy-binding gs://my-results --member={Writer} "
                    + $"--role=roles/storage.objectCreator --condition=expression={Old},title=results "
                    + "--project=my-project --quiet",
                "storage buckets remove-iam-policy-binding gs://my-results "
                    + $"--member=principal://iam.googleapis.com/{Pool}/subject/{Tenant} "
                    + "--role=roles/storage.objectViewer --condition=None --project=my-project --quiet",
            ],
            calls.Where(c => c.Contains("remove-iam-policy-binding", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task NimbleMayCreateAndTheAppMayRead()
    {
        var (_, _, calls) = await RunAsync("ACTIVE", Arguments);
        Assert.Equal(
            [
                "storage buckets add-iam-policy-binding gs://my-results "
                    + "--member=serviceAccount:nimbleway-gcp-storage@nimbleway-gcp.iam.gserviceaccount.com "
                    + "--role=roles/storage.objectCreator"
                    + " --condition=expression=resource.name.startsWith('projects/_/buckets/my-results/objects/results/"
                    + "'),title=results --project=my-project --quiet",
                "storage buckets add-iam-policy-binding gs://my-results "
                    + $"--member=principal://iam.googleapis.com/{Pool}/subject/{Identity} "
                    + "--role=roles/storage.objectViewer"
                    + " --condition=None --project=my-project --quiet",
            ],
            calls.Where(c => c.Contains("add-iam-policy-binding", StringComparison.Ordinal)));
        var provider = Assert.Single(calls, c => c.Contains("update-oidc", StringComparison.Ordinal));
        Assert.Contains(
            $"--issuer-uri=https://sts.windows.net/{Tenant}/ --allowed-audiences=api://pipeline-results", provider,
            StringComparison.Ordinal);
        Assert.Contains($"--attribute-condition=assertion.sub == '{Identity}'", provider, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("projects/my-project/locations/eu/keyRings/r/cryptoKeys/k", 2)]
    public async Task ACloudKmsKeyIsUsedByTheServiceAndOnlyIfOneIsNamed(string key, int expected)
    {
        var (exitCode, _, calls) = await RunAsync("ACTIVE", Arguments, kmsKey: key);
        Assert.Equal(0, exitCode);
        Assert.Equal(
            new[]
            {
                $"storage service-agent --authorize-cmek={key} --project=my-project --quiet",
                $"storage buckets update gs://my-results --default-encryption-key={key} --project=my-project --quiet",
            }.Take(expected),
            calls.Where(c => c.Contains("cmek", StringComparison.Ordinal)
                || c.Contains("encryption", StringComparison.Ordinal)));
        var refused = await RunAsync("ACTIVE", Arguments, kmsKey: "my-key");
        Assert.Equal((2, 0), (refused.ExitCode, refused.Calls.Length));
    }

    [Fact]
    public async Task WrongArgumentsAreReportedBeforeAnythingIsDone()
    {
        foreach (var arguments
            in new string[][]
            {
                [],
                ["my-project"],
                ["my-project", "my-results", "contoso.com", Identity, "api://a"],
                ["my-project", "my-results", Tenant, "me", "api://a"],
            })
        {
            var (exitCode, _, calls) = await RunAsync("ABSENT", arguments);
            Assert.Equal(2, exitCode);
            Assert.Empty(calls);
        }
    }

    [Fact]
    public async Task ARefusedCallEndsTheScript()
    {
        var (exitCode, output, calls) = await RunAsync("ABSENT", Arguments, refused: "create");
        Assert.NotEqual(0, exitCode);
        Assert.Equal("", output);
        Assert.DoesNotContain(calls, c => c.Contains("add-iam-policy-binding", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(int ExitCode, string Output, string[] Calls)> RunAsync(
        string state, string[] arguments, string refused = "nothing", string kmsKey = "", string bindings = "")
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "There is no bash here.");
        var log = _folder["calls.txt"];
        await File.WriteAllTextAsync(log, "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder["gcloud"], $$"""
            #!/bin/bash
            echo "$*" >> '{{log}}'
            case " $* " in
              *' {{refused}} '*) exit 1 ;;
              *' projects describe '*) echo 424242 ;;
              *' get-iam-policy '*) printf '%s' "$BINDINGS" ;;
              *' describe '*) case {{state}} in
                ABSENT) echo 'ERROR: NOT_FOUND: Requested entity was not found.' >&2; exit 1 ;;
                FORBIDDEN) echo 'ERROR: [me] does not have permission (or it may not exist): gs://404' >&2; exit 1 ;;
                *) echo {{state}} ;;
              esac ;;
            esac
            """, TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(
                _folder["gcloud"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo(
            "/bin/bash", [Path.Combine(Repository.Root, "infra", "gcp", "results-bucket.sh"), .. arguments]);
        start.Environment.Clear();
        start.Environment["PATH"] = $"{_folder.Path}:/usr/bin:/bin";
        start.Environment["KMS_KEY"] = kmsKey;
        start.Environment["BINDINGS"] = bindings;
        var (exitCode, output, _) = await Programs.RunAsync(start);
        return (exitCode, output, await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken));
    }
}
