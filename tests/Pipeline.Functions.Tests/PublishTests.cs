using System.Diagnostics;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>What <c>dotnet publish</c> leaves is what Azure's host needs to run the app.</summary>
public sealed class PublishTests
{
    [Fact]
    public async Task ThePublishedAppHasWhatTheHostReads()
    {
        using var folder = new TempFolder();
        var app = folder["app"];

        await PublishAsync(app);

        string[] expected = ["host.json", "worker.config.json", "functions.metadata", "extensions.json", "Pipeline.Functions.dll"];
        Assert.All(expected, file => Assert.True(File.Exists(Path.Combine(app, file)), $"{file} is missing."));
        Assert.False(File.Exists(Path.Combine(app, "local.settings.json")));
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(Repository.Root, "host.json"), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(app, "host.json"), TestContext.Current.CancellationToken));
        var worker = Read(app, "worker.config.json").GetProperty("description");
        Assert.Equal("Pipeline.Functions.dll", worker.GetProperty("defaultWorkerPath").GetString());
        Assert.Equal("dotnet", worker.GetProperty("defaultExecutablePath").GetString());
        Assert.Equal(
            ["Callback", "Collect", "DeadLetterResults", "DeadLetterSubmissions", "DeadLetterUrlLists", "Intake", "Status",
                "Submit", "Sweep"],
            Read(app, "functions.metadata").EnumerateArray().Select(f => f.GetProperty("name").GetString()!).Order());
        // The host loads each extension that extensions.json names from the hidden folder.
        var extensions = Read(app, "extensions.json").GetProperty("extensions").EnumerateArray()
            .Select(e => (e.GetProperty("name").GetString(), e.GetProperty("hintPath").GetString()!)).ToList();
        Assert.Contains(extensions, e => e.Item1 == "AzureStorageQueues");
        Assert.All(extensions, e => Assert.True(File.Exists(Path.Combine(app, e.Item2)), $"{e.Item2} is missing."));
        Assert.All(["Pipeline.Functions.dll", "Pipeline.dll"], dll => Assert.True(IsReadyToRun(Path.Combine(app, dll)), dll));
    }

    private static async Task PublishAsync(string folder)
    {
        // Build servers would outlive the command and hold its output open.
        var start = new ProcessStartInfo("dotnet",
        [
            "publish", "src/Pipeline.Functions", "-c", "Release", "-o", folder, "--nologo", "--disable-build-servers",
            "-p:RestoreLockedMode=true", "-p:RunAnalyzers=false",
        ])
        {
            WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        // `dotnet test` tells its own build where MSBuild is; this one finds it by itself.
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        using var publish = Process.Start(start)!;
        var errors = publish.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await publish.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await publish.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(publish.ExitCode == 0, output + await errors);
    }

    private static JsonElement Read(string folder, string file) => JsonElement.Parse(File.ReadAllText(Path.Combine(folder, file)));

    /// <summary>Whether an assembly carries native code beside its IL.</summary>
    private static bool IsReadyToRun(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        return image.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }
}
