using System.CommandLine;
using Pipeline.Cli.Run;

namespace Pipeline.Cli.Doctor;

/// <summary><c>pipeline doctor</c>: whether settings, API, bucket, callback address and storage account work, before anything is paid for.</summary>
internal static class DoctorCommand
{
    private static readonly Option<string?> Api = new("--api") { Description = "Root of the API. Default: the settings', else Nimble's.", HelpName = "URL" };
    private static readonly Option<string?> StorageUrl = new("--storage-url") { Description = "s3://bucket/prefix/ or gs://bucket/prefix/ for results. Default: the settings'.", HelpName = "URL" };
    private static readonly Option<string?> CallbackBase = new("--callback-base") { Description = "What Nimble is told to call. Default: the settings'.", HelpName = "URL" };

    public static Command Create()
    {
        var command = new Command("doctor", "Check settings, API key, bucket, callback address and storage account; nothing is written.") { Api, StorageUrl, CallbackBase, TrustCommand.Create() };
        command.SetAction((parsed, cancellationToken) =>
            new Checks(RunCommand.Address(parsed, Api), parsed.GetValue(StorageUrl), RunCommand.Address(parsed, CallbackBase)).RunAsync(Console.Out, cancellationToken));
        return command;
    }
}
