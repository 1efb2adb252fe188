using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Tests.Support;

/// <summary>
/// A server of tests/servers in its own process. It picks free ports, prints <c>ready PORT...</c>, and exits when its
/// input closes, which also happens when the test process is killed.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _folder;

    private ServerProcess(Process process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>Address of the first port.</summary>
    public Uri Address => AddressOf(0);

    /// <summary>The ports, in the order in which the server prints them.</summary>
    private IReadOnlyList<int> Ports { get; set; } = [];

    /// <summary>The folder in which install.sh installed the servers.</summary>
    private static string Installed => Path.Combine(RepositoryRoot(), ".servers");

    /// <summary>S3: OpenStack Swift.</summary>
    public static Task<ServerProcess> StartSwiftAsync() => StartAsync(
        "OpenStack Swift",
        Path.Combine(Installed, "swift", "stamp"),
        folder =>
            new(
                "/usr/bin/python3",
                [Script("swift.py"), Path.Combine(Installed, "swift"), Path.Combine(folder, "data")]));

    /// <summary>GCS: the storage emulator of firebase-tools.</summary>
    public static Task<ServerProcess> StartGcsAsync() => StartAsync(
        "the Cloud Storage emulator of firebase-tools",
        Path.Combine(Installed, "node", "stamp"),
        folder => new("node", [Script("gcs.js")])
        {
            Environment = { ["NODE_PATH"] = Path.Combine(Installed, "node", "node_modules"), ["TMPDIR"] = folder },
        });

    /// <summary>Azure Storage: Azurite, with blobs, queues and tables on its first, second and third port.</summary>
    public static Task<ServerProcess> StartAzuriteAsync() => StartAsync(
        "Azurite",
        Path.Combine(Installed, "node", "stamp"),
        folder => new("node", [Script("azurite.js"), Path.Combine(folder, "data")])
        {
            Environment =
            {
                ["NODE_PATH"] = Path.Combine(Installed, "node", "node_modules"),
                ["AZURITE_ACCOUNTS"] = string.Join(
                    ';',
                    Enumerable.Range(0, AzuriteAccount.Accounts)
                        .Select(i => $"{AzuriteAccount.NameOf(i)}:{AzuriteAccount.Key}")),
            },
        });

    /// <summary>PostgreSQL, with a new database cluster.</summary>
    public static Task<ServerProcess> StartPostgresAsync() => StartAsync(
        "PostgreSQL",
        Path.Combine(Installed, "postgres", "stamp"),
        // If the tests run as root, the server runs as another user, who may not enter every folder.
        folder => new(
            "bash",
            [
                Script("postgres.sh"), Path.Combine(Installed, "postgres"),
                Path.Combine(Path.GetTempPath(), "pipeline-postgres-" + Path.GetFileName(folder)),
            ]));

    /// <summary>The address of a port.</summary>
    public Uri AddressOf(int port) => new($"http://127.0.0.1:{Ports[port]}");

    public async ValueTask DisposeAsync()
    {
        // If it was killed, PostgreSQL would leave shared memory behind.
        _process.StandardInput.Close();
        await Task.WhenAny(_process.WaitForExitAsync(), Task.Delay(StopLimit));
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<ServerProcess> StartAsync(
        string name, string stamp, Func<string, ProcessStartInfo> command)
    {
        if (!File.Exists(stamp))
            throw new InvalidOperationException($"{name} is not installed: run tests/servers/install.sh");
        // Use .servers: Swift needs extended attributes, which the file system of a temporary folder may lack.
        var folder = Path.Combine(Installed, "run", Path.GetRandomFileName());
        Directory.CreateDirectory(folder);
        var start = command(folder);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        var process = Process.Start(start)
            ?? throw new InvalidOperationException($"{name} does not start: {start.FileName} is missing.");
        var server = new ServerProcess(process, folder);
        try
        {
            server.Ports = await server.ReadPortsAsync(name);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task<IReadOnlyList<int>> ReadPortsAsync(string name)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        var errors = _process.StandardError.ReadToEndAsync(CancellationToken.None);
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith("ready ", StringComparison.Ordinal))
            {
                _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return [.. line[6..].Split(' ').Select(port => int.Parse(port, CultureInfo.InvariantCulture))];
            }
        }

        throw new InvalidOperationException(
            $"{name} ended before it was ready; run tests/servers/install.sh again. It said: {await errors}");
    }

    private static string Script(string name) => Path.Combine(RepositoryRoot(), "tests", "servers", name);

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Pipeline.sln")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new InvalidOperationException("The tests do not run from within the repository.");
    }
}
