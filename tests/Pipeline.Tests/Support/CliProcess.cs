using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Tests.Support;

/// <summary>Runs <c>pipeline</c> in its own process, as a user would.</summary>
internal sealed class CliProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private static int LastPort = 16_000 + (Environment.ProcessId % 800 * 20);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;
    private readonly StringBuilder _said = new();

    private CliProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        _error = ReadErrorAsync(process.StandardError);
    }

    /// <summary>
    /// What starts the command: the native program that tests/all.sh published; otherwise what was built with the
    /// tests.
    /// </summary>
    public static IReadOnlyList<string> Program { get; } =
        Environment.GetEnvironmentVariable("PUBLISHED_COMMAND") is { Length: > 0 } folder
            ? [Path.Combine(folder, "Pipeline.Cli")]
            : ["dotnet", Path.Combine(AppContext.BaseDirectory, "Pipeline.Cli.dll")];

    /// <summary>Starts it without this machine's cloud variables; the environment has only the given ones.</summary>
    public static CliProcess Start(
        IEnumerable<string> arguments, params IEnumerable<(string Name, string Value)> environment) =>
        StartWithin([], arguments, environment);

    /// <summary>Starts it through another command, such as one that enters a mount namespace.</summary>
    public static CliProcess StartWithin(
        IReadOnlyList<string> before, IEnumerable<string> arguments,
        params IEnumerable<(string Name, string Value)> environment)
    {
        string[] line = [.. before, .. Program, .. arguments];
        var process = Process.Start(Prepare(line[0], line[1..], environment))!;
        process.StandardInput.Close();
        return new(process);
    }

    private static ProcessStartInfo Prepare(
        string file, IEnumerable<string> arguments, IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (var name
            in start.Environment.Keys.Where(n => n.StartsWith("AWS_", StringComparison.Ordinal)
                || n.StartsWith("AzureWebJobsStorage", StringComparison.Ordinal)
                || n.StartsWith("GOOGLE_", StringComparison.Ordinal)
                || n.StartsWith("Pipeline__", StringComparison.Ordinal)
                || n is "NIMBLE_API_KEY" or "STORAGE_EMULATOR_HOST").ToList())
            start.Environment.Remove(name);
        // Not the settings file of the user who runs the tests.
        start.Environment["PIPELINE_SETTINGS"] = "";
        start.LeaveNoDiagnosticFiles();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return start;
    }

    /// <summary>
    /// Starts a shell command line in which <c>$pipeline</c> is the command; standard input stays open.
    /// </summary>
    public static CliProcess StartShell(string line, params IEnumerable<(string Name, string Value)> environment)
    {
        var command = line.Replace("$pipeline", $"'{string.Join("' '", Program)}'", StringComparison.Ordinal);
        var start = Prepare("bash", ["-c", command], environment);
        return new(Process.Start(start)!);
    }

    /// <summary>Writes to the standard input.</summary>
    public async Task WriteAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text.AsMemory(), TestContext.Current.CancellationToken);
        await _process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Runs it to the end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        IEnumerable<string> arguments, params IEnumerable<(string Name, string Value)> environment)
    {
        using var process = Start(arguments, environment);
        return await process.WaitAsync();
    }

    /// <summary>
    /// Returns a free port. The system assigns it to no one else before the command listens there: it is below the
    /// range that the system uses, and each test process has its own.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Interlocked.Increment(ref LastPort);
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // The port is in use.
            }
        }
    }

    public int Id => _process.Id;

    public bool IsRunning => !_process.HasExited;

    /// <summary>Waits until the standard error contains a text.</summary>
    public async Task WaitForAsync(string text)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        while (!Said().Contains(text, StringComparison.Ordinal))
        {
            Assert.False(_process.HasExited, $"It ended without '{text}': {Said()}");
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>Waits for the end. Kills a command that does not end and throws with its output.</summary>
    public async Task<(int ExitCode, string Output, string Error)> WaitAsync()
    {
        try
        {
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken)
                .WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            await KillAsync();
            Assert.Fail($"The command did not end within {Limit}: {await _output}{await _error}");
        }

        return (_process.ExitCode, await _output, await _error);
    }

    /// <summary>Kills the process (<c>kill -9</c>); false if it had already ended.</summary>
    public async Task<bool> KillAsync()
    {
        var running = !_process.HasExited;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return running;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private string Said()
    {
        lock (_said)
            return _said.ToString();
    }

    private async Task<string> ReadErrorAsync(StreamReader error)
    {
        var buffer = new char[4096];
        for (int read; (read = await error.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0;)
            lock (_said)
                _said.Append(buffer, 0, read);
        return Said();
    }
}
