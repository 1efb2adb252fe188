using System.CommandLine;
using System.CommandLine.Parsing;
using Pipeline.Cli.Completion;
using Pipeline.Cli.Diff;
using Pipeline.Cli.Doctor;
using Pipeline.Cli.Export;
using Pipeline.Cli.Failures;
using Pipeline.Cli.Init;
using Pipeline.Cli.Inputs;
using Pipeline.Cli.Keeping;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Notify;
using Pipeline.Cli.Run;
using Pipeline.Cli.Schedules;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Status;
using Pipeline.Cli.Steering;
using Pipeline.Cli.Verify;
using Pipeline.Http;
using Pipeline.Model;

namespace Pipeline.Cli;

/// <summary>The exit codes of all commands.</summary>
internal static class ExitCodes
{
    /// <summary>Every input has a record.</summary>
    public const int Complete = 0;

    /// <summary>An error; the message says which.</summary>
    public const int Error = 1;

    /// <summary>The arguments, settings or lists cannot be used.</summary>
    public const int Usage = 2;

    /// <summary>Every input has a record or a failure, and some have failures.</summary>
    public const int SomeFailed = 3;

    /// <summary>Stopped by Ctrl+C or SIGTERM.</summary>
    public const int Interrupted = 130;

    /// <summary>The reader of the output has gone, such as <c>head</c>; as a shell reports SIGPIPE.</summary>
    public const int OutputClosed = 141;

    /// <summary>
    /// The exit code for a problem. A store that breaks during the work is an error, not wrong usage.
    /// </summary>
    public static int For(PipelineException problem) => problem switch
    {
        { StopsHost: true } => Error,
        { Reason: FailureReasons.AccessDenied } => Usage,
        { IsPermanent: true,
            Reason: FailureReasons.InvalidConfiguration or FailureReasons.InvalidInput
                or FailureReasons.LimitExceeded } =>
            Usage,
        _ => Error,
    };
}

/// <summary>The <c>pipeline</c> command.</summary>
internal static class CommandLine
{
    // Long enough for an open POST to finish: one that is cut off may be accepted without our knowledge.
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(30);

    internal static RootCommand CreateRoot()
    {
        var root = new RootCommand(
            "Fetch lists of URLs through Nimble's batch API and write one normalized record per URL. No "
                + "URL is lost, and none is "
                + "paid for twice.")
        {
            RunCommand.Create(),
            ServeCommand.Create(),
            SubmitCommand.Create(),
            ScheduleCommand.Create(),
            StatusCommand.Create(),
            PendingCommand.Create(),
            FailuresCommand.Create(),
            RecordsCommand.Create(),
            ExplainCommand.Create(),
            SteerCommand.Pause(),
            SteerCommand.Resume(),
            SteerCommand.Cancel(),
            DiffCommand.Create(),
            ReplayCommand.Create(),
            ReprocessCommand.Create(),
            VerifyCommand.Create(),
            EraseCommand.Create(),
            BackupCommand.Create(),
            RestoreCommand.Create(),
            NotifyCommand.Create(),
            ExportCommand.Create(),
            InitCommand.Create(),
            DoctorCommand.Create(),
            CompletionCommand.Create(),
            EmulatorCommand.Create(),
        };
        HelpScreen.Use(root);
        return root;
    }

    /// <summary>Runs a command line to its end; returns the exit code.</summary>
    public static async Task<int> InvokeAsync(string[] args)
    {
        LoopbackProxy.Install();
        if (args is [EmulatorCommand.Name, .. var rest])
            return await EmulatorCommand.RunAsync(rest);
        if (Array.Find(args, arg => arg.Contains('\uFFFD')) is { } broken)
            return await RefuseAsync(
                [
                    $"pipeline: The argument '{broken}' is not UTF-8 text, so the file or folder that it names cannot "
                        + "be found. Rename it, or pass a list by standard input: pipeline run - < LIST",
                ]);

        var stop = StopSignals.Listen();
        // An argument such as @daily is a value, not the name of a file with arguments.
        var parsed = CreateRoot().Parse(args, new() { ResponseFileTokenReplacer = null });
        // A shell that asks for completions sends half a line.
        var isSuggestion = parsed.Tokens.Any(token => token.Type == TokenType.Directive);
        return parsed.Errors.Count > 0 && !isSuggestion
            ? await RefuseAsync(
                [
                    .. UsageErrors.Describe(parsed).Concat(SettingsReader.FaultsOfEnvironment())
                        .Select(error => $"pipeline: {error}"),
                    UsageErrors.Help(parsed),
                ])
            : await InvokeAsync(parsed, stop);
    }

    private static async Task<int> RefuseAsync(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            await Console.Error.WriteProseAsync(line);
        return ExitCodes.Usage;
    }

    private static async Task<int> InvokeAsync(ParseResult parsed, CancellationToken stop)
    {
        try
        {
            if (ReadsSettings(parsed))
            {
                RequireCurrentFolder();
                SettingsFile.Load();
            }

            return await RunAsync(parsed, stop);
        }
        catch (Exception problem)
        {
            return await CommandFaults.ReportAsync(problem, parsed);
        }
    }

    /// <summary>
    /// Runs the command. It ends by itself after a signal; one that does not is left after a while. System.CommandLine
    /// would do both too, but without a word to the user.
    /// </summary>
    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var work = parsed.InvokeAsync(
            new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stop);
        if (await Task.WhenAny(work, StopSignals.OverdueAsync(StopWithin)) == work)
            return await work;
        await Console.Error.WriteLineAsync(
            $"pipeline: Stopped, though not all work had ended within {StopWithin.TotalSeconds:0} s. Nothing is lost; "
                + "the same command continues.");
        return ExitCodes.Interrupted;
    }

    private static void RequireCurrentFolder()
    {
        try
        {
            Directory.GetCurrentDirectory();
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "The current folder was removed, or this user may not enter it. Change to another folder, then run the "
                    + "same command again: cd ~",
                gone);
        }
    }

    // Help and completions are there even if the settings file is not.
    private static bool ReadsSettings(ParseResult parsed) =>
        parsed.Action is not null && parsed.Action == parsed.CommandResult.Command.Action
        && parsed.CommandResult.Command.Name is not (InitCommand.Name or CompletionCommand.Name);
}
