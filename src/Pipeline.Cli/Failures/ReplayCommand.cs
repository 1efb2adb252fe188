using System.CommandLine;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Failures;

/// <summary><c>pipeline replay</c>: retries failures of a run, and processes its lists to the end again.</summary>
internal static class ReplayCommand
{
    private static readonly Option<bool> Resubmit = new("--resubmit")
    {
        Description = "Post them to Nimble again, as new tasks with the same ids. Each may be billed again.",
    };
    private static readonly Option<bool> NoWait = new("--no-wait")
    {
        Description = "Only queue the work, for the Functions app or a running 'pipeline serve'.",
    };

    public static Command Create()
    {
        var command = new Command(
            "replay",
            "Retry failures without cost: read results again, look for lost submissions again. With "
                + "--resubmit, post them again. "
                + "Works in the storage account that AzureWebJobsStorage names, else in --state.")
        {
            Resubmit, NoWait,
        };
        Selection.AddTo(command);
        foreach (var option in RunOptions.ForHost)
            command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
            new ReplayJob(
                SettingsReader.Read(parsed), Selection.Read(parsed), parsed.GetValue(Resubmit),
                Console.Error).RunAsync(parsed.GetValue(NoWait), cancellationToken));
        return command;
    }
}
