using System.CommandLine;
using System.Text.Json;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Doctor;

/// <summary>
/// <c>pipeline doctor</c>: whether settings, API, bucket, callback address, storage account and proxy work, before
/// anything is paid for.
/// </summary>
internal static class DoctorCommand
{
    /// <summary>Where the messages of answers begin.</summary>
    public const int MessageColumn = 18;

    private static readonly Option<bool> Json = new("--json") { Description = "Print the answers as one JSON object." };

    private static readonly Option<bool> Notify = new("--notify")
    {
        Description = "Also send a test event to the receiver of notifications.",
    };

    public static Command Create()
    {
        var command = new Command(
            "doctor",
            "Check settings, API key, bucket, callback address, receiver of notifications, storage account and proxy. "
                + "Writes nothing and costs nothing.")
        {
            RunOptions.Api, RunOptions.StorageUrl, RunOptions.CallbackBase, Notify, Json, TrustCommand.Create(),
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var faults = new List<string>();
            var checks = new Checks(SettingsReader.Read(parsed, faults), faults, parsed.GetValue(Notify));
            return AskAsync(checks, parsed.GetValue(Json), Console.Out, cancellationToken);
        });
        return command;
    }

    private static async Task<int> AskAsync(
        Checks checks, bool json, TextWriter output, CancellationToken cancellationToken)
    {
        Func<CheckReport, Task> show = json
            ? _ => Task.CompletedTask
            : answer => output.WriteProseAsync(Line(answer), MessageColumn);
        var report = await checks.RunAsync(show, cancellationToken);
        if (json)
            await output.WriteLineAsync(JsonSerializer.Serialize(report, CliJson.Default.DoctorReport));
        return report.ExitCode;
    }

    /// <summary>An answer as a line.</summary>
    public static string Line(CheckReport answer) =>
        $"{answer.Name, -9} {(answer.Ok ? "ok" : "failed"), -7} {answer.Message.ReplaceLineEndings(" ")}";
}
