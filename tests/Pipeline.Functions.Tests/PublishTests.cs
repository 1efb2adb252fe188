using System.Diagnostics;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary><c>dotnet publish</c> creates what Azure's host, or the image's entry point, needs to run.</summary>
public sealed partial class PublishTests
{
    [Fact]
    public async Task ThePublishedAppHasTheFilesThatTheHostReads()
    {
        using var folder = new TempFolder();
        var app = folder["app"];

        await RunAsync(
            "dotnet", "publish", "src/Pipeline.Functions", "-c", "Release", "-o", app, "--nologo",
            "--disable-build-servers", "-p:RestoreLockedMode=true", "-p:RunAnalyzers=false");

        string[] expected =
        [
            "host.json",
            "worker.config.json",
            "functions.metadata",
            "extensions.json",
            "Pipeline.Functions.dll",
        ];
        Assert.All(expected, file => Assert.True(File.Exists(Path.Combine(app, file)), $"{file} is missing."));
        Assert.False(File.Exists(Path.Combine(app, "local.settings.json")));
        Assert.Equal(
            await File.ReadAllBytesAsync(
                Path.Combine(Repository.Root, "host.json"), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(app, "host.json"), TestContext.Current.CancellationToken));
        var worker = Read(app, "worker.config.json").GetProperty("description");
        Assert.Equal("Pipeline.Functions.dll", worker.GetProperty("defaultWorkerPath").GetString());
        Assert.Equal("dotnet", worker.GetProperty("defaultExecutablePath").GetString());
        Assert.Equal(
            [
                "Callback", "Collect", "Dashboard", "DeadLetterExports", "DeadLetterResults", "DeadLetterSubmissions",
                "DeadLetterUrlLists", "Explain", "Export", "Health", "Intake", "Lists", "Notify", "OpenApi",
                "Schedules", "Status", "Submit", "Sweep",
            ],
            Read(app, "functions.metadata").EnumerateArray().Select(f => f.GetProperty("name").GetString()!).Order());
        // The host loads each extension that extensions.json names from the hidden folder.
        var extensions = Read(app, "extensions.json").GetProperty("extensions").EnumerateArray()
            .Select(e => (e.GetProperty("name").GetString(), e.GetProperty("hintPath").GetString()!)).ToList();
        Assert.Contains(extensions, e => e.Item1 == "AzureStorageQueues");
        Assert.All(extensions, e => Assert.True(File.Exists(Path.Combine(app, e.Item2)), $"{e.Item2} is missing."));
        Assert.All(
            ["Pipeline.Functions.dll", "Pipeline.dll"], dll => Assert.True(IsReadyToRun(Path.Combine(app, dll)), dll));
    }

    [Fact]
    public async Task TheCommandsOfTheImageCreateItsEntryPoint()
    {
        using var folder = new TempFolder();
        var image = Repository.Read("Dockerfile");
        var publish = Publish().Match(image).Groups["command"].Value
            .Replace("${VERSION}", "1.2.3", StringComparison.Ordinal)
            .Replace("/app", folder["app"], StringComparison.Ordinal);

        await RunAsync([.. publish.Split(' '), "--disable-build-servers", "-p:RunAnalyzers=false"]);

        var entryPoint = Entry("ENTRYPOINT").Single().Replace("/app", folder["app"], StringComparison.Ordinal);
        Assert.Contains("--listen", await RunAsync([entryPoint, Entry("CMD")[0], "--help"]));
        Assert.Equal(["serve", "--listen", "http://0.0.0.0:8080"], Entry("CMD"));

        string[] Entry(string name) => JsonSerializer.Deserialize<string[]>(
            image.Split('\n').Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..])!;
    }

    private static async Task<string> RunAsync(params string[] command)
    {
        // Build servers would outlive the command and keep its output open.
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        // `dotnet test` sets variables with the path of MSBuild for its own build. This build must find it itself.
        foreach (var name
            in start.Environment.Keys.Where(n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        using var publish = Process.Start(start)!;
        var errors = publish.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await publish.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await publish.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(publish.ExitCode == 0, output + await errors);
        return output;
    }

    private static JsonElement Read(string folder, string file) =>
        JsonElement.Parse(File.ReadAllText(Path.Combine(folder, file)));

    /// <summary>Whether an assembly contains native code besides its IL.</summary>
    private static bool IsReadyToRun(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        return image.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }

    [GeneratedRegex(@"^RUN (?<command>dotnet publish .+)$", RegexOptions.Multiline)]
    private static partial Regex Publish();
}
