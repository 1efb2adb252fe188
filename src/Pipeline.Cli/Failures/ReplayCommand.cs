using System.CommandLine;
using Pipeline.Cli.Run;

namespace Pipeline.Cli.Failures;

/// <summary><c>pipeline replay</c>: brings failures of a run back, and runs its lists to their end again.</summary>
internal static class ReplayCommand
{
    private static readonly Option<bool> Resubmit = new("--resubmit") { Description = "Post them to Nimble again, as new tasks under the same ids. This may be billed again." };
    private static readonly Option<bool> NoWait = new("--no-wait") { Description = "Only set it going, and leave the work to those who serve the storage account (the Functions app, or 'pipeline serve')." };

    public static Command Create()
    {
        var command = new Command(
            "replay",
            "Bring failures back, of lists in the storage account that AzureWebJobsStorage names, else in --state: read results again, look for lost submissions again; with --resubmit, post them again.")
        {
            Resubmit, NoWait,
        };
        Selection.AddTo(command);
        foreach (var option in RunOptions.ForHost)
            command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
            new ReplayJob(SettingsReader.Read(parsed), Selection.Read(parsed), parsed.GetValue(Resubmit), Console.Error).RunAsync(parsed.GetValue(NoWait), cancellationToken));
        return command;
    }
}
