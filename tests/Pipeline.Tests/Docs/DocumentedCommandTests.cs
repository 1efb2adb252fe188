using Pipeline.Cli;
using Pipeline.Emulator;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>Runs every command that README and docs tell users to paste, or says why it cannot run here.</summary>
public sealed class DocumentedCommandTests
{
    private const string FromClone = "dotnet run --project src/Pipeline.Cli -- ";
    private const string Azure = "needs an Azure subscription; BicepTests compile what it deploys";
    private const string Suites = "is CI itself: .ci/run, or what that runs";
    private const string Fuzzer = "needs a fuzzer; FuzzCorpusTests and FuzzTargetsTests replay its corpus";

    /// <summary>Commands that are not run here, by their first words, with the reason.</summary>
    private static readonly Dictionary<string, string> NotRun = new()
    {
        ["az "] = Azure,
        ["azd "] = Azure,
        ["me="] = Azure,
        ["for name in "] = Azure,
        ["APP_ID="] = Azure,
        ["curl -H \"x-functions-key"] = Azure,
        ["export "] = "the test gives the command values of its own",
        ["aws "] = "needs an AWS account; AwsTemplateTests check the template",
        ["infra/gcp/"] = "needs a Google account; GcpScriptTests run it with a gcloud of their own",
        [".ci/pictures"] = "takes pictures that people look at; the dashboard's tests open the same pages",
        ["docker "] = "needs Docker; PublishTests run the commands of the Dockerfile",
        ["tests/"] = Suites,
        [".ci/costs"] = "CostTests run it",
        ["bench/all"] = Suites,
        ["bench/requests"] = "takes minutes, and Azurite",
        ["bench/overview"] = "fills a ledger with ten million inputs first",
        ["bench/rate"] = "takes minutes, and Azurite",
        ["gunzip --stdout record.gz"] = "needs an Azure account; AzureRecordStoreTests unpack such ranges",
        ["LISTS=1000000 bench/all"] = "takes half an hour; CI runs bench/all --short",
        ["dotnet build Pipeline.sln"] = Suites,
        ["dotnet test"] = Suites,
        ["AllTests=true dotnet test"] = Suites,
        ["dotnet restore"] = "changes the lock files; CI restores what they say",
        [".ci/release"] = "takes minutes; the release and CI workflows run it",
        [".ci/public-api"] = "rewrites the list of public members; the build fails when that is not right",
        ["dotnet add package "] = "takes what was released; PackageTests check what is packed",
        ["dotnet pack src/Pipeline.Cli"] = "PackageTests run it",
        ["dotnet publish src/Pipeline.Cli"] = "PublishTests run it",
        ["dotnet publish src/Pipeline.Functions"] = "PublishTests run it",
        ["gunzip "] = "unpacks what the command before it downloads; RecordQueueTests read such ranges",
        ["dotnet run --project samples"] = "SampleTests run the samples",
        ["dotnet tool install --global"] = "changes the machine",
        ["dotnet run --project src/Pipeline.Functions"] = "needs Core Tools; AppTests start the app without",
        ["dotnet publish tests/Pipeline.Fuzz"] = Fuzzer,
        ["dotnet run --project tests/Pipeline.Fuzz"] = Fuzzer,
        ["sharpfuzz "] = Fuzzer,
        ["AFL_SKIP_BIN_CHECK"] = Fuzzer,
        ["libfuzzer-dotnet"] = Fuzzer,
        ["rm DIR/FILE"] = "DrillTests run it on a full disk",
        ["OTEL_EXPORTER_OTLP_ENDPOINT="] = "needs a collector; TelemetryExportTests have one",
        ["printf 'pipeline.list"] = "TelemetryPageTests compute the same",
        ["pipeline completion"] = "writes into the home folder; CompletionTests run the script in bash",
        ["mkdir "] = "makes the folder of the next command in the home folder",
        ["pipeline serve"] = "runs until it is stopped; ServeSuite starts it with these options",
        ["dotnet run --project src/Pipeline.Cli -- emulator"] =
            "runs until it is stopped; EmulatorCommandTests start it",
        ["pipeline emulator"] = "runs until it is stopped; HostingTests start it with these options",
    };

    [Fact]
    public void EveryCommandIsRunOrSaysWhyNot()
    {
        var unknown = DocumentedCommands.All().Where(c => !IsRun(c.Command) && Reason(c.Command) is null);
        Assert.Empty(unknown);
        Assert.DoesNotContain(NotRun.Keys, key => !DocumentedCommands.All().Any(c => c.Command.StartsWith(key)));
    }

    [Fact]
    public void EveryPipelineCommandIsOneThatTheCommandLineTakes()
    {
        foreach (var (page, command) in DocumentedCommands.All().Where(c => IsRun(c.Command)))
        {
            if (Own(command).Split(' ', StringSplitOptions.RemoveEmptyEntries) is not ["pipeline", .. var words])
                continue;
            var errors = CommandLine.CreateRoot().Parse(words).Errors.Select(error => error.Message);
            // A name in a sentence, such as `pipeline submit`, is not a whole command.
            if (!DocumentedCommands.Blocks(page).Contains(command))
                errors = errors.Where(error => !error.Contains("equired", StringComparison.Ordinal));
            Assert.True(!errors.Any(), $"{page}: {command}: {string.Join(' ', errors)}");
        }
    }

    [Fact]
    public async Task ReadmesCommandsCanBePasted()
    {
        using var folder = new TempFolder();
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = folder["emulator"], Storage = StorageMode.Own },
            TestContext.Current.CancellationToken);
        await emulator.EnsureBucketAsync("my-bucket");
        File.WriteAllLines(folder["urls.txt"], Rig.Urls(3));
        File.WriteAllLines(folder["urls.csv"], ["url,locale", .. Rig.Urls(4).Select(url => url + ",de-DE")]);
        (string, string)[] account =
        [
            ("NIMBLE_API_KEY", "any"), ("Pipeline__Nimble__BaseUrl", emulator.BaseAddress.AbsoluteUri),
            ("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any"), ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL_S3", emulator.S3Endpoint.AbsoluteUri),
        ];
        (string, string)[] none = [];

        foreach (var command in DocumentedCommands.Blocks("README.md").Where(IsRun))
        {
            var environment = command.Contains("s3://", StringComparison.Ordinal) ? account : none;
            var (exitCode, output, error) = await PasteAsync(folder, command, environment);
            Assert.True(exitCode == ExitCodes.Complete, $"{command}: {output}{error}");
            if (command.StartsWith("jq", StringComparison.Ordinal))
                Assert.Contains("200\t", output);
        }
        Assert.Equal(7, File.ReadLines(folder["results/records.ndjson"]).Count());
    }

    private static async Task<(int, string, string)> PasteAsync(
        TempFolder folder, string command, IEnumerable<(string, string)> environment)
    {
        var line = $"cd '{folder.Path}'; pipeline() {{ $pipeline \"$@\"; }}; {Own(command)}";
        using var process = CliProcess.StartShell(line, environment);
        return await process.WaitAsync();
    }

    /// <summary>The command in the form that an installed <c>pipeline</c> accepts.</summary>
    private static string Own(string command) => command.Replace(FromClone, "pipeline ", StringComparison.Ordinal);

    private static bool IsRun(string command) =>
        Reason(command) is null && Own(command).Split(' ')[0] is "pipeline" or "jq";

    private static string? Reason(string command) =>
        NotRun.FirstOrDefault(pair => command.StartsWith(pair.Key, StringComparison.Ordinal)).Value;
}
