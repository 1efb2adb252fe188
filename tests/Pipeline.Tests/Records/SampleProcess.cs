using System.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>A program of <c>samples/</c> in its own process.</summary>
internal sealed class SampleProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task<string> _error;

    private SampleProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    public static SampleProcess Start(
        string sample, IEnumerable<string> arguments, params IEnumerable<(string Name, string Value)> environment)
    {
        // Its own folder, because the tests' folder lacks the libraries that tests take from a framework.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var program = Path.Combine(
            Repository.Root, "samples", sample, "bin", configuration, "net10.0", $"Pipeline.Samples.{sample}.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.LeaveNoDiagnosticFiles();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new(Process.Start(start)!);
    }

    /// <summary>Reads this many lines; false if the program ended before.</summary>
    public async Task<bool> ReadLinesAsync(int count)
    {
        for (; count > 0; count--)
            if (await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is null)
                return false;
        return true;
    }

    /// <summary>Waits until it ends without an error, and returns its output.</summary>
    public async Task<string> WaitAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var output = await _process.StandardOutput.ReadToEndAsync(limit.Token);
        await _process.WaitForExitAsync(limit.Token);
        Assert.True(_process.ExitCode == 0, await _error);
        return output;
    }

    /// <summary>Kills it (<c>kill -9</c>), unless it has ended.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill();
    }

    public void Dispose()
    {
        Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
