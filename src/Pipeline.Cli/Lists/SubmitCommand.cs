using System.CommandLine;
using System.Text.Json;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;

namespace Pipeline.Cli.Lists;

/// <summary><c>pipeline submit</c>: lists for a pipeline that runs elsewhere.</summary>
internal static class SubmitCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "submit";

    private static readonly Argument<string[]> Lists = ListArgument.Create(
        "Files of URLs (text, CSV, NDJSON, JSON or a Nimble batch body), '-' for standard input, or URLs.",
        ArgumentArity.OneOrMore);

    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print a JSON array with an object per list instead of the ids alone.",
    };

    public static Command Create()
    {
        var command = new Command(
            Name, "Queue lists for a running 'pipeline serve' or Functions app, and print their ids.")
        {
            Lists,
            RunOptions.OutOfRun,
            RunOptions.StateOfRun,
            RunOptions.Shared,
            RunOptions.UrlColumn,
            RunOptions.Strict,
            Json,
        };
        foreach (var option in SeriesSettings.All)
            command.Add(option);
        command.SetAction(
            (parsed, cancellationToken) =>
                SubmitAsync(
                    SettingsReader.Read(parsed) with
                    {
                        Lists = parsed.GetValue(Lists)!,
                    },
                    parsed.GetValue(Json),
                    cancellationToken));
        return command;
    }

    private static async Task<int> SubmitAsync(RunSettings settings, bool json, CancellationToken cancellationToken)
    {
        await using var lists = new ListFiles(settings, Terminal.On(Console.Error));
        await lists.InspectAsync(cancellationToken);
        settings.WorkStore.PrepareToSubmit();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var ids = await lists.SubmitAsync(stores.Services, cancellationToken);
        lists.Complete();
        if (json)
            await Console.Out.WriteLineAsync(
                JsonSerializer.Serialize([.. lists.Submitted], CliJson.Default.SubmittedListArray));
        else
            foreach (var id in ids)
                await Console.Out.WriteLineAsync(id);
        if (RunningHost.DescribeAbsence(settings) is { } absence)
            await Console.Error.WriteProseAsync(absence);
        return ExitCodes.Complete;
    }
}
