using System.CommandLine;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Diff;

/// <summary><c>pipeline diff</c>: what differs between two runs.</summary>
internal static class DiffCommand
{
    private static readonly Argument<string[]> Runs = new Argument<string[]>("RUN")
    {
        Description = "Two runs, the earlier one first: output folders, or ids of lists.",
        Arity = new(0, 2),
    }.RefusingOptions();

    private static readonly Option<string?> Series = new("--series")
    {
        Description = "Compare the last two runs of this series.", HelpName = "NAME",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Print one JSON object." };

    public static Command Create()
    {
        var command = new Command(
            "diff",
            "Compare two runs: which URLs are new, gone, changed, or have another status. Exit code 3 if any differ.")
        {
            Runs, Series, RunOptions.Out, RunOptions.State, Json,
        };
        command.SetAction((parsed, cancellationToken) =>
            new DiffJob(SettingsReader.Read(parsed), parsed.GetValue(Json)).RunAsync(
                parsed.GetValue(Runs) ?? [], parsed.GetValue(Series), cancellationToken));
        return command;
    }
}
