using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Dashboard.Api;
using Pipeline.Model;
using Pipeline.Reports;
using Pipeline.Urls;

namespace Pipeline.Cli.Inputs;

/// <summary><c>pipeline pending</c>: lists the inputs without an outcome.</summary>
internal static class PendingCommand
{
    private static readonly Argument<string> ListId = ListArguments.One();

    private static readonly Option<bool> Json = new("--json") { Description = "Print one JSON object per input." };

    public static Command Create()
    {
        var command = new Command("pending", "List the inputs of a list that have no record and no failure yet.")
        {
            ListId, Json,
        };
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction((parsed, cancellationToken) => WriteAsync(
            SettingsReader.Read(parsed), parsed.GetValue(ListId)!, parsed.GetValue(Json), cancellationToken));
        return command;
    }

    private static async Task<int> WriteAsync(
        RunSettings settings, string listId, bool json, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var list = await ListArguments.RequireAsync(stores.Services, settings, listId, cancellationToken);
        var pages = stores.Services.GetRequiredService<InputPages>();
        var count = 0;
        await foreach (var input in pages.ReadAllAsync(listId, new(InputState.Waiting), cancellationToken))
        {
            count++;
            await Console.Out.WriteLineAsync(
                json
                    ? JsonSerializer.Serialize(
                        new PendingInput(input.Id, input.Url, input.Line, input.SubmissionId),
                        ApiJson.Default.PendingInput)
                    : $"{input.Id}  line {input.Line}  {UrlCredentials.Hide(input.Url.ReplaceLineEndings(" "))}");
        }

        if (!json)
            await Console.Error.WriteLineAsync(Describe(list, count, settings));
        return ExitCodes.Complete;
    }

    private static string Describe(ListEntry list, int count, RunSettings settings) => count switch
    {
        0 when list.State == ListState.Planning =>
            $"List {list.ListId} was not read yet. A running 'pipeline serve', 'run' or Functions app reads it.",
        0 => "No input is pending.",
        _ => $"{Amount.Of(count, "input is", "inputs are")} pending. What one waits for: "
            + Shell.Command(settings, "explain ID"),
    };
}
