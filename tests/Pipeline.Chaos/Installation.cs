using System.Diagnostics;

namespace Pipeline.Chaos;

/// <summary>Locates the command and the tools that some kinds of trials need.</summary>
/// <param name="Command">Folder of the command; null for the one built with this program.</param>
internal sealed record Installation(string? Command)
{
    private static readonly string Root = FindRoot();

    private static string Servers => Path.Combine(Root, ".servers");

    private static string FakeTime => Path.Combine(Servers, "faketime", "libfaketime.so.1");

    /// <summary>Starts the command.</summary>
    public Child Start(
        IEnumerable<string> arguments, IEnumerable<(string Name, string Value)> environment, TrialDisk? disk = null)
    {
        var folder = Command ?? AppContext.BaseDirectory;
        var program = Path.Combine(folder, "Pipeline.Cli");
        List<string> line = File.Exists(program) && Command is not null
            ? [program, .. arguments]
            : ["dotnet", Path.Combine(folder, "Pipeline.Cli.dll"), .. arguments];
        if (disk is not null)
            line = [.. disk.Enter, .. line];
        return new(line[0], line.Skip(1), environment);
    }

    /// <summary>Starts Azurite.</summary>
    public static Child StartAzurite(string folder, IReadOnlyList<int> ports) => new(
        "node",
        [Path.Combine(Root, "tests", "servers", "azurite.js"), folder, .. ports.Select(p => $"{p}")],
        [
            ("NODE_PATH", Path.Combine(Servers, "node", "node_modules")),
            ("AZURITE_ACCOUNTS", $"{Azurite.Account}:{Azurite.Key}")]);

    /// <summary>Environment variables that make a process see a wrong clock.</summary>
    public static IEnumerable<(string Name, string Value)> Clock(int daysOff) => daysOff == 0
        ? []
        : [("LD_PRELOAD", FakeTime), ("FAKETIME", $"{daysOff * 24:+0;-0}h"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1")];

    /// <summary>Why trials of a kind cannot run here; null if they can.</summary>
    public static string? Lacks(TrialKind kind) => kind switch
    {
        TrialKind.Clock when !File.Exists(FakeTime) => "libfaketime is not installed; run tests/servers/install.sh",
        TrialKind.Azure or TrialKind.RestoredAzure when !File.Exists(Path.Combine(Servers, "node", "stamp")) =>
            "Azurite is not installed; run tests/servers/install.sh",
        TrialKind.Hostile when !File.Exists("/proc/self/status") =>
            "the memory of a process is read from /proc, which needs Linux",
        TrialKind.SmallDisk when !CanMount() => "a mount namespace needs Linux and root",
        _ => null,
    };

    private static bool CanMount()
    {
        try
        {
            using var attempt = Process.Start(
                new ProcessStartInfo("unshare", ["--mount", "true"]) { RedirectStandardError = true })!;
            attempt.WaitForExit();
            return attempt.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Pipeline.sln")))
            folder = folder.Parent
                ?? throw new DirectoryNotFoundException("The suite does not run from within the repository.");
        return folder.FullName;
    }
}
