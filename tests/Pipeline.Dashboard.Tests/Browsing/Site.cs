using Pipeline.Tests.Support;

namespace Pipeline.Dashboard.Tests.Browsing;

/// <summary>A real <c>pipeline serve</c> or <c>run</c> over the embedded emulator, in a folder of its own.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SmallDisk? _disk;
    private CliProcess _process = null!;

    private Site(SmallDisk? disk = null) => _disk = disk;

    /// <summary>Where its pages are.</summary>
    public Uri Address { get; } = new($"http://127.0.0.1:{CliProcess.FreePort()}/");

    /// <summary>The folder of its results.</summary>
    public string Out => Path.Combine(_disk?.Path ?? _folder.Path, "out");

    private string[] Folders => ["--state", Path.Combine(_disk?.Path ?? _folder.Path, "state"), "--out", Out];

    /// <summary>Starts <c>serve</c>.</summary>
    public static Task<Site> StartAsync(string faults = "", params (string Name, string Value)[] environment) =>
        StartAsync(new Site(), "Serving ", ["serve"], faults, environment);

    /// <summary>Starts <c>serve</c> on a small disk, which it takes over.</summary>
    public static Task<Site> StartOnAsync(SmallDisk disk, string faults) =>
        StartAsync(new Site(disk), "Serving ", ["serve"], faults);

    /// <summary>Starts <c>run</c> with a list of its own, or with the sample site.</summary>
    public static async Task<Site> RunAsync(string faults, params IReadOnlyList<string> lines)
    {
        var site = new Site();
        string[] list = lines.Count > 0 ? [await site.WriteAsync("list.txt", lines)] : [];
        return await StartAsync(site, "Status: ", ["run", .. list], faults);
    }

    /// <summary>Starts <c>serve</c> on a state that a backup was just restored to.</summary>
    public static async Task<Site> StartRestoredAsync()
    {
        var site = new Site();
        var (list, backup) = (await site.WriteAsync("list.txt", Some.Urls(1)), site._folder["state.backup"]);
        await site.CommandAsync("run", list, "--listen", site.Address.AbsoluteUri);
        await site.CommandAsync("backup", "--to", backup);
        await site.CommandAsync("restore", "--from", backup, "--replace");
        return await StartAsync(site, "Serving ", ["serve"], "");
    }

    /// <summary>Submits a list by the command and returns its id.</summary>
    public async Task<string> SubmitAsync(string name, params IEnumerable<string> lines) =>
        await CommandAsync("submit", await WriteAsync(name, lines));

    /// <summary>Writes a file and returns its path.</summary>
    public async Task<string> WriteAsync(string name, params IEnumerable<string> lines)
    {
        await File.WriteAllLinesAsync(_folder[name], lines, TestContext.Current.CancellationToken);
        return _folder[name];
    }

    /// <summary>Runs a command on the same state, expects its success, and returns what it printed.</summary>
    public async Task<string> CommandAsync(params IEnumerable<string> arguments)
    {
        using var command = CliProcess.StartWithin(_disk?.Enter ?? [], [.. arguments, .. Folders]);
        var (exitCode, output, error) = await command.WaitAsync();
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    /// <summary>Waits until the process ends by itself, and returns its exit code.</summary>
    public async Task<int> EndAsync() => (await _process.WaitAsync()).ExitCode;

    public ValueTask DisposeAsync()
    {
        _process.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<Site> StartAsync(
        Site site, string ready, IEnumerable<string> command, string faults,
        params (string Name, string Value)[] environment)
    {
        string[] options = faults.Length > 0 ? ["--faults", faults] : [];
        site._process = CliProcess.StartWithin(
            site._disk?.Enter ?? [],
            [.. command, .. site.Folders, "--listen", site.Address.AbsoluteUri, .. options], environment);
        await site._process.WaitForAsync(ready);
        return site;
    }
}
