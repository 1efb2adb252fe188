using System.CommandLine;
using Azure;
using Microsoft.Extensions.Options;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Run;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Cli;

/// <summary>Says in one line why a command ended early, and gives its exit code.</summary>
internal static class CommandFaults
{
    // EPIPE, which .NET gives as it is.
    private const int BrokenPipe = 32;

    private static readonly string[] StartingWork = [RunCommand.Name, ServeCommand.Name, SubmitCommand.Name];

    /// <summary>Writes the line to standard error.</summary>
    /// <param name="problem">What ended the command.</param>
    /// <param name="parsed">Its command line.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> ReportAsync(Exception problem, ParseResult parsed) => problem switch
    {
        PipelineException known => ReportAsync(known, parsed),
        OptionsValidationException settings => WriteAsync(
            ExitCodes.Usage, [.. settings.Failures.Select(fault => $"pipeline: {fault}")]),
        // A command that starts work says itself how it stopped once it has begun.
        OperationCanceledException => WriteAsync(
            ExitCodes.Interrupted,
            StartingWork.Contains(parsed.CommandResult.Command.Name)
                ? "pipeline: Stopped. Nothing was started."
                : "pipeline: Stopped."),
        RequestFailedException { Status: 404 } missing => WriteAsync(
            ExitCodes.Usage, $"pipeline: {NoAccount(missing)}"),
        IOException { HResult: BrokenPipe } => Task.FromResult(ExitCodes.OutputClosed),
        IOException or UnauthorizedAccessException => WriteAsync(ExitCodes.Error, Describe(problem)),
        _ => WriteAsync(ExitCodes.Error, $"pipeline: Unexpected error. Please report it: {problem}"),
    };

    /// <summary>
    /// Says that no storage account answers. What can be missing in an account is handled where it is asked for.
    /// </summary>
    public static string NoAccount(RequestFailedException missing) =>
        $"The storage account answered 404 {missing.ErrorCode}, so there is no such account at the address in "
            + "AzureWebJobsStorage. Copy the connection string from the account's access keys.";

    private static async Task<int> ReportAsync(PipelineException problem, ParseResult parsed)
    {
        await Console.Error.WriteProseAsync(
            CommandsInText.Complete(
                $"pipeline: {problem.Summary.ReplaceLineEndings(" ")}{Advice(problem, parsed)}",
                SettingsReader.StateArguments(parsed)));
        foreach (var detail in problem.Details)
            await Console.Error.WriteProseAsync($"  {detail.ReplaceLineEndings(" ")}", 2);
        return ExitCodes.For(problem);
    }

    /// <summary>What to do about a service that is down, where the message does not say it itself.</summary>
    internal static string Advice(PipelineException problem, ParseResult parsed) =>
        problem is { IsPermanent: false, Reason: FailureReasons.Unavailable }
            && !problem.Summary.Contains("same command again", StringComparison.Ordinal)
            ? " Check the network and the address, then run the same command again. "
                + $"'pipeline doctor{SettingsReader.ServiceArguments(parsed)}' asks each service."
            : "";

    private static string Describe(Exception disk) =>
        $"pipeline: {FaultWords.WithPath(disk)}. {(DiskFaults.IsFull(disk) ? "Free some space" : "Correct that")}, "
            + "then run the same command again.";

    private static async Task<int> WriteAsync(int exitCode, params IEnumerable<string> lines)
    {
        foreach (var line in lines)
            await Console.Error.WriteProseAsync(line);
        return exitCode;
    }
}
