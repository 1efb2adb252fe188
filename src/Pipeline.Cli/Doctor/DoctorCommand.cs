using System.CommandLine;
using Pipeline.Cli.Run;

namespace Pipeline.Cli.Doctor;

/// <summary><c>pipeline doctor</c>: whether settings, API, bucket, callback address and storage account work, before anything is paid for.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Check settings, API key, bucket, callback address and storage account; nothing is written.")
        {
            RunOptions.Api, RunOptions.StorageUrl, RunOptions.CallbackBase, TrustCommand.Create(),
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var faults = new List<string>();
            var settings = SettingsReader.Read(parsed, faults);
            return new Checks(settings, faults).RunAsync(Console.Out, cancellationToken);
        });
        return command;
    }
}
