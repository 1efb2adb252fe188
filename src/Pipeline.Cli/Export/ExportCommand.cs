using System.CommandLine;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Export;

/// <summary><c>pipeline export</c>: writes results as a file that other programs load.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var command = new Command(
            "export",
            "Write results as Parquet, CSV, JSON lines or SQLite, from the output folder of a run or from the "
                + "storage account that AzureWebJobsStorage names. docs/load.md says how to load them.")
        {
            RunOptions.Json,
        };
        ExportRequest.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
            new ExportJob(SettingsReader.Read(parsed), ExportRequest.Read(parsed)).RunAsync(cancellationToken));
        return command;
    }
}
