using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Chaos;

/// <summary>The real <c>pipeline</c> as a process.</summary>
internal sealed class Child : IDisposable
{
    private static readonly string[] Foreign = ["AWS_", "GOOGLE_", "NIMBLE_", "STORAGE_EMULATOR", "Pipeline__", "Runner__", "PIPELINE_"];
    private readonly Process _process;
    private readonly StringBuilder _said = new();

    public Child(IEnumerable<string> arguments, IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Pipeline.Cli.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(n => Foreign.Any(f => n.StartsWith(f, StringComparison.Ordinal))).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start.");
        _process.OutputDataReceived += Hear;
        _process.ErrorDataReceived += Hear;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What a process killed by SIGKILL ends with.</summary>
    public const int Killed = 137;

    /// <summary>The end of what it wrote.</summary>
    public string LastWords
    {
        get
        {
            lock (_said)
                return _said.ToString(Math.Max(0, _said.Length - 600), Math.Min(600, _said.Length)).Trim();
        }
    }

    /// <summary>A port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Waits for its end; null when it takes longer.</summary>
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

    /// <summary><c>kill -9</c>; false when it had ended by itself.</summary>
    public async Task<bool> KillAsync()
    {
        var running = !_process.HasExited;
        _process.Kill();
        await _process.WaitForExitAsync();
        return running && _process.ExitCode == Killed;
    }

    /// <summary>Sends STOP or CONT.</summary>
    public async Task SignalAsync(string signal)
    {
        if (_process.HasExited)
            return;
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        lock (_said)
            _said.AppendLine(line.Data);
    }
}
