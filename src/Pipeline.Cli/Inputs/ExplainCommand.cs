using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Dashboard.Api;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Reports.History;
using Pipeline.Urls;

namespace Pipeline.Cli.Inputs;

/// <summary><c>pipeline explain</c>: tells the whole history of an input.</summary>
internal static class ExplainCommand
{
    private static readonly Argument<string> Text = new Argument<string>("WHAT")
    {
        Description = "A URL of a list, the id of a record or failure, or a task or batch of Nimble's.",
    }.RefusingOptions();

    private static readonly Option<string?> List = new("--list")
    {
        Description = "Search this list only.",
        HelpName = "LIST_ID",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON, as GET /api/explain does." };

    public static Command Create()
    {
        var command = new Command(
            "explain", "Tell the whole history of an input: list, POST, proof, task, result, record or failure.")
        {
            Text, List, Json,
        };
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction((parsed, cancellationToken) => ExplainAsync(
            SettingsReader.Read(parsed), parsed.GetValue(Text)!, parsed.GetValue(List), parsed.GetValue(Json),
            cancellationToken));
        return command;
    }

    private static async Task<int> ExplainAsync(
        RunSettings settings, string text, string? listId, bool json, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        if (listId is not null)
            await ListArguments.RequireAsync(stores.Services, settings, listId, cancellationToken);
        var explanation = await stores.Services.GetRequiredService<HistoryReader>()
            .ExplainAsync(text, listId, cancellationToken)
            ?? throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"{DisplayText.Quote(text)} is no URL, id, task or batch. '"
                    + $"{Shell.Command(settings, "pending LIST_ID")}' and '{Shell.Command(settings, "failures")}' show "
                    + "ids.");
        if (json)
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(explanation, ApiJson.Default.Explanation));
        else
            foreach (var history in explanation.Inputs)
                foreach (var line in Describe(history))
                    await Console.Out.WriteProseAsync(
                        CommandsInText.Complete(
                            UrlCredentials.HideAll(line.ReplaceLineEndings(" ")), settings.StateArguments), indent: 4);
        if (explanation.Note is { } note)
            await Console.Error.WriteProseAsync(note);
        if (!explanation.IsComplete)
            await Console.Error.WriteProseAsync(
                $"Not all lists were searched. Name one: '{Shell.Command(settings, "explain WHAT --list LIST_ID")}'");
        if (explanation.Inputs.Count > 0)
            return ExitCodes.Complete;
        await Console.Error.WriteProseAsync(
            $"Nothing is known of {DisplayText.Quote(UrlCredentials.HideAll(text))} in {settings.WorkStore.Name}. "
                + $"'{Shell.Command(settings, "status --all")}' shows the lists.");
        return ExitCodes.Error;
    }

    private static IEnumerable<string> Describe(InputHistory history)
    {
        // An invalid line may have no URL.
        yield return $"{history.Id}  {history.State}  {(history.Url.Length > 0 ? history.Url : history.Input)}";
        foreach (var step in history.Steps)
            yield return $"  {Time(step.At),-19}  {step.Stage,-7}  {step.Text}";
        if (history.WaitsFor is { } waits)
            yield return $"  {"now",-19}  {"",-7}  {waits}";
    }

    private static string Time(DateTimeOffset? at) =>
        at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
}
