using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Options;
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
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Notation;

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

    // EPIPE, which .NET gives as it is.
    private const int BrokenPipe = 32;

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

    public static async Task<int> InvokeAsync(string[] args)
    {
        LoopbackProxy.Install();
        if (args is [EmulatorCommand.Name, .. var rest])
            return await EmulatorCommand.RunAsync(rest);
        var stop = StopSignals.Listen();
        // An argument such as @daily is a value, not the name of a file with arguments.
        var parsed = CreateRoot().Parse(args, new() { ResponseFileTokenReplacer = null });
        // A shell that asks for completions sends half a line.
        var isSuggestion = parsed.Tokens.Any(token => token.Type == TokenType.Directive);
        if (parsed.Errors.Count > 0 && !isSuggestion)
        {
            foreach (var error in UsageErrors.Describe(parsed).Concat(SettingsReader.FaultsOfEnvironment()))
                await Console.Error.WriteProseAsync($"pipeline: {error}");
            await Console.Error.WriteProseAsync(
                "'pipeline --help' lists the commands, 'pipeline COMMAND --help' their options.");
            return ExitCodes.Usage;
        }

        try
        {
            if (ReadsSettings(parsed))
                SettingsFile.Load();
            return await InvokeAsync(parsed, stop);
        }
        catch (PipelineException problem)
        {
            await Console.Error.WriteProseAsync(
                CommandsInText.Complete(
                    $"pipeline: {problem.Summary.ReplaceLineEndings(" ")}", SettingsReader.StateArguments(parsed)));
            foreach (var detail in problem.Details)
                await Console.Error.WriteProseAsync($"  {detail.ReplaceLineEndings(" ")}", 2);
            return ExitCodes.For(problem);
        }
        catch (OptionsValidationException problem)
        {
            foreach (var fault in problem.Failures)
                await Console.Error.WriteProseAsync($"pipeline: {fault}");
            return ExitCodes.Usage;
        }
        catch (OperationCanceledException)
        {
            // A command that starts work says itself how it stopped once it has begun.
            await Console.Error.WriteLineAsync(
                StartsWork(parsed) ? "pipeline: Stopped. Nothing was started." : "pipeline: Stopped.");
            return ExitCodes.Interrupted;
        }
        catch (IOException output) when (output.HResult == BrokenPipe)
        {
            return ExitCodes.OutputClosed;
        }
        catch (Exception disk) when (disk is IOException or UnauthorizedAccessException)
        {
            var advice = DiskFaults.IsFull(disk) ? "Free some space, then" : "Correct that, then";
            await Console.Error.WriteLineAsync(
                $"pipeline: {FaultWords.WithPath(disk)}. {advice} run the same command again.");
            return ExitCodes.Error;
        }
        catch (Exception bug)
        {
            await Console.Error.WriteLineAsync($"pipeline: Unexpected error. Please report it: {bug}");
            return ExitCodes.Error;
        }
    }

    /// <summary>
    /// Runs the command. It ends by itself after a signal; one that does not is left after a while. System.CommandLine
    /// would do both too, but without a word to the user.
    /// </summary>
    private static async Task<int> InvokeAsync(ParseResult parsed, CancellationToken stop)
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

    // Help and completions are there even if the settings file is not.
    private static bool ReadsSettings(ParseResult parsed) =>
        parsed.Action is not null && parsed.Action == parsed.CommandResult.Command.Action
        && parsed.CommandResult.Command.Name is not (InitCommand.Name or CompletionCommand.Name);

    private static bool StartsWork(ParseResult parsed) =>
        parsed.CommandResult.Command.Name is RunCommand.Name or ServeCommand.Name or SubmitCommand.Name;
}
