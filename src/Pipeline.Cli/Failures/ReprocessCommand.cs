using System.CommandLine;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Failures;

/// <summary><c>pipeline reprocess</c>: reads stored results again, with other settings and without paying.</summary>
internal static class ReprocessCommand
{
    private static readonly Argument<string> List = new Argument<string>("LIST_ID")
    {
        Description = "Id of a complete list.",
    }.RefusingOptions();

    public static Command Create()
    {
        var command = new Command(
            "reprocess",
            "Read the stored results of a list again, with the settings of now, and post nothing. "
                + "The records belong to a list of their own: LIST_ID-r1, LIST_ID-r2, ...")
        {
            List,
        };
        foreach (var option in RunOptions.ForHost)
            command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
            new ReprocessJob(SettingsReader.Read(parsed), Console.Error).RunAsync(
                parsed.GetValue(List)!, cancellationToken));
        return command;
    }
}
