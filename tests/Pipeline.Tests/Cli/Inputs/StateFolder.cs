using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli.Inputs;

/// <summary>A folder with lists and the state of their runs, and the command over it.</summary>
internal sealed class StateFolder : IDisposable
{
    private readonly TempFolder _folder = new();

    private string[] State => ["--out", _folder["out"], "--state", _folder["state"]];

    /// <summary>The path of the state.</summary>
    public string StatePath => _folder["state"];

    /// <summary>The path of the file of records.</summary>
    public string RecordsFile => _folder["out", "records.ndjson"];

    /// <summary>Writes a list; returns its path.</summary>
    public string Write(string name, params string[] lines)
    {
        File.WriteAllLines(_folder[name], lines);
        return _folder[name];
    }

    /// <summary>The lines of a file of the output folder.</summary>
    public string[] ReadOutput(string name) => File.ReadAllLines(Path.Combine(_folder["out"], name));

    /// <summary>The address at which the process that uses the state listens.</summary>
    public string Address => File.ReadLines(Path.Combine(_folder["state"], "listen")).First();

    /// <summary>The form of a command that a message recommends.</summary>
    public string Pasted(string command) => $"pipeline {command} --out {_folder["out"]} --state {_folder["state"]}";

    /// <summary>Starts a command over the state.</summary>
    public CliProcess Start(params string[] arguments) => CliProcess.Start([.. arguments, .. State]);

    /// <summary>Runs a command over the state to its end.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        return await process.WaitAsync();
    }

    /// <summary>Runs a command that is refused, and checks that its error is one line.</summary>
    public async Task RefusedAsync(string expected, params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(arguments);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith($"pipeline: {expected}", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
