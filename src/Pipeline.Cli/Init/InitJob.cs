using Pipeline.Cli.Doctor;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Model;

namespace Pipeline.Cli.Init;

/// <summary>One <c>pipeline init</c>, from its questions to the settings file.</summary>
/// <param name="request">What it was asked for.</param>
/// <param name="given">The settings that are given as options, by variable.</param>
internal sealed class InitJob(InitRequest request, Dictionary<string, string> given)
{
    private readonly string _path = Path.GetFullPath(
        request.FileName ?? SettingsFile.Path ?? throw Unusable("Name the settings file: --file FILE"));

    private readonly InitQuestions? _questions =
        Console.IsInputRedirected || Console.IsErrorRedirected ? null : new(Terminal.On(Console.Error));

    /// <summary>Asks, checks and writes.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await Console.Error.WriteProseAsync(
            $"The settings go into {_path}. All commands read it; a variable of the environment goes over it, and an "
                + "option over both.");
        await RequireFreeAsync(cancellationToken);
        await ReadKeyAsync(cancellationToken);
        if (_questions is not null)
            await AskAsync(_questions, cancellationToken);
        if (!given.ContainsKey(InitVariables.Key))
            throw Unusable(
                "There is no API key. Give it with --api-key-file FILE, or in NIMBLE_API_KEY. Without one, "
                    + "'pipeline run' uses an emulator and needs no settings.");
        if (await CheckAsync(cancellationToken) is var problem && problem != ExitCodes.Complete
            && !await ConfirmAsync("Not everything works. Write the settings all the same?", cancellationToken))
        {
            await Console.Error.WriteProseAsync(
                "Nothing was written. Correct what failed and run 'pipeline init' again, or add --no-check.");
            return problem;
        }
        SettingsFile.Write(_path, given.Select(pair => (pair.Key, pair.Value)));
        await Console.Error.WriteProseAsync($"{_path} is written; only you can read it. {Next()}");
        return ExitCodes.Complete;
    }

    private async Task AskAsync(InitQuestions questions, CancellationToken cancellationToken)
    {
        try
        {
            await questions.AskAsync(given, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // What is said of the stop begins on a line of its own.
            await Console.Error.WriteLineAsync();
            throw;
        }
    }

    private string Next() => _path == SettingsFile.Path
        ? "Next: 'pipeline run LIST --dry-run'"
        : $"Commands read it where {SettingsFile.Variable} names it: "
            + $"export {SettingsFile.Variable}={Shell.Quote(_path)}";

    private async Task RequireFreeAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(_path) || request.Force)
            return;
        if (!await ConfirmAsync($"{_path} exists. Replace it?", cancellationToken))
            throw Unusable($"{_path} exists and was left as it is. --force replaces it; --file FILE names another.");
    }

    /// <summary>Reads the key from its file, else from the environment.</summary>
    private async Task ReadKeyAsync(CancellationToken cancellationToken)
    {
        var key = request.KeyFile switch
        {
            null => Environment.GetEnvironmentVariable(InitVariables.Key) ?? "",
            "-" => await Console.In.ReadLineAsync(cancellationToken) ?? "",
            var file when File.Exists(file) => await File.ReadAllTextAsync(file, cancellationToken),
            var file => throw Unusable($"There is no file {Path.GetFullPath(file)}. --api-key-file names one."),
        };
        if (key.Trim() is { Length: > 0 } text)
            given[InitVariables.Key] = text;
    }

    /// <summary>Asks what <c>pipeline doctor</c> asks, with the new settings; returns its exit code.</summary>
    private async Task<int> CheckAsync(CancellationToken cancellationToken)
    {
        if (given.FirstOrDefault(pair => pair.Value.AsSpan().ContainsAny('\r', '\n')) is { Key: { } name })
            throw Unusable($"{name} has more than one line. Give one line.");
        if (request.NoCheck)
            return ExitCodes.Complete;
        foreach (var (variable, value) in given)
            Environment.SetEnvironmentVariable(variable, value);
        var faults = new List<string>();
        var settings = SettingsReader.Read(CommandLine.CreateRoot().Parse(["doctor"]), faults);
        var report = await new Checks(settings, faults, notify: false).RunAsync(
            answer => Console.Out.WriteProseAsync(DoctorCommand.Line(answer), DoctorCommand.MessageColumn),
            cancellationToken);
        return report.ExitCode;
    }

    private async Task<bool> ConfirmAsync(string question, CancellationToken cancellationToken) =>
        _questions is not null && await _questions.ConfirmAsync(question, cancellationToken);

    private static PipelineException Unusable(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
