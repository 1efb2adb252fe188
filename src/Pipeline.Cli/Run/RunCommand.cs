using System.CommandLine;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Run;

/// <summary><c>pipeline run</c>: processes lists to the end, on this machine.</summary>
internal static class RunCommand
{
    private static readonly Argument<string[]> Lists = ListArgument.Create(
        "Files of URLs (text, CSV, NDJSON, JSON or a Nimble batch body), '-' for standard input, or URLs. "
            + "Default: the built-in sample site.",
        ArgumentArity.ZeroOrMore);

    public static Command Create()
    {
        var command = new Command(
            "run",
            "Process lists of URLs to the end: one record or one failure per URL, and a manifest that proves it.")
        {
            Lists, RunOptions.Shared, RunOptions.UrlColumn, RunOptions.Strict,
        };
        foreach (var option in SeriesSettings.All.Concat(RunOptions.ForHost))
            command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
            new RunJob(SettingsReader.Read(parsed) with { Lists = parsed.GetValue(Lists) ?? [] }, Console.Error)
                .RunAsync(cancellationToken));
        return command;
    }
}
