using System.Diagnostics;
using System.Globalization;
using System.Net.NetworkInformation;
using System.Text;

namespace Pipeline.Chaos;

/// <summary>A child process: the real <c>pipeline</c> command, or a server.</summary>
internal sealed class Child : IDisposable
{
    /// <summary>Exit code of a process that SIGKILL ended.</summary>
    public const int Killed = 137;

    private static readonly string[] Foreign =
    [
        "AWS_",
        "GOOGLE_",
        "NIMBLE_",
        "STORAGE_EMULATOR",
        "Pipeline__",
        "Runner__",
        "PIPELINE_",
        "AzureWebJobsStorage",
    ];
    private static int LastPort = 15_000 + (Environment.ProcessId % 1000 * 10);
    private readonly Process _process;
    private readonly StringBuilder _said = new();

    public Child(string file, IEnumerable<string> arguments, IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name
            in start.Environment.Keys.Where(n => Foreign.Any(f => n.StartsWith(f, StringComparison.Ordinal))).ToList())
            start.Environment.Remove(name);
        // A killed .NET process would leave the debugger's pipes and the diagnostics socket in the temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        Started = TimeProvider.System.GetTimestamp();
        _process.OutputDataReceived += Hear;
        _process.ErrorDataReceived += Hear;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Timestamp of the start.</summary>
    public long Started { get; }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>Processor time that it has used.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Whether SIGKILL ended it.</summary>
    public bool WasKilled => _process.HasExited && _process.ExitCode == Killed;

    /// <summary>The end of its output.</summary>
    public string LastWords
    {
        get
        {
            lock (_said)
                return _said.ToString(Math.Max(0, _said.Length - 900), Math.Min(900, _said.Length)).Trim();
        }
    }

    /// <summary>All of its output.</summary>
    public string Words
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    /// <summary>Peak resident memory so far, bytes; 0 after the process has ended.</summary>
    public long PeakBytes()
    {
        const string peak = "VmHWM:";
        var status = $"/proc/{_process.Id}/status";
        try
        {
            var line = File.ReadLines(status).FirstOrDefault(l => l.StartsWith(peak, StringComparison.Ordinal));
            return line is null ? 0 : 1024 * long.Parse(line[peak.Length..^"kB".Length], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Returns a free port outside the system's range of ephemeral ports.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = 15_000 + (Interlocked.Increment(ref LastPort) % 15_000);
            if (IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().All(l => l.Port != port))
                return port;
        }
    }

    /// <summary>The first line of its output that begins with a text; null if there is none.</summary>
    public string? LineThatBegins(string text)
    {
        lock (_said)
            return _said.ToString().Split('\n').FirstOrDefault(l => l.StartsWith(text, StringComparison.Ordinal));
    }

    /// <summary>Waits for the end and returns the exit code; null after the time limit.</summary>
    public async Task<int?> WaitAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Kills the process (<c>kill -9</c>); false if it had ended otherwise.</summary>
    public async Task<bool> KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        return _process.ExitCode == Killed;
    }

    /// <summary>Sends the signal STOP, CONT or TERM.</summary>
    public async Task SignalAsync(string signal)
    {
        if (_process.HasExited)
            return;
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits until SIGSTOP has stopped the process; false after the time limit.</summary>
    public async Task<bool> WaitUntilStoppedAsync(TimeSpan limit)
    {
        var end = TimeProvider.System.GetTimestamp() + (long)(
            limit.TotalSeconds * TimeProvider.System.TimestampFrequency);
        while (!_process.HasExited && TimeProvider.System.GetTimestamp() < end)
        {
            if (IsStopped())
                return true;
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        return false;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    /// <summary>Whether the process is stopped. It may end while this looks; then its file cannot be read.</summary>
    private bool IsStopped()
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].StartsWith('T');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        lock (_said)
            _said.AppendLine(line.Data);
    }
}
