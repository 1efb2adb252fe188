using System.CommandLine;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Run;

/// <summary><c>pipeline run</c>: processes lists to the end, on this machine.</summary>
internal static class RunCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "run";

    private static readonly Argument<string[]> Lists = ListArgument.Create(
        "Files of URLs (text, CSV, NDJSON, JSON or a Nimble batch body), '-' for standard input, or URLs. "
            + "Default: the built-in sample site.",
        ArgumentArity.ZeroOrMore);

    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Only read the lists and say what a run would do and cost. Posts and writes nothing.",
    };

    public static Command Create()
    {
        var command = new Command(
            Name,
            "Process lists of URLs to the end: one record or one failure per URL, and a manifest that proves it.")
        {
            Lists, DryRun, RunOptions.Shared, RunOptions.UrlColumn, RunOptions.Strict,
        };
        foreach (var option in SeriesSettings.All.Concat(RunOptions.ForHost))
            command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
        {
            var settings = SettingsReader.Read(parsed) with { Lists = parsed.GetValue(Lists) ?? [] };
            return parsed.GetValue(DryRun)
                ? new DryRunJob(settings, Console.Error).RunAsync(cancellationToken)
                : new RunJob(settings, Console.Error).RunAsync(cancellationToken);
        });
        return command;
    }
}
