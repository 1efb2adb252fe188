using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Urls;

namespace Pipeline.Cli.Failures;

/// <summary><c>pipeline failures</c>: lists what failed and why, from the ledger.</summary>
internal static class FailuresCommand
{
    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print one JSON object per failure, as in failures.ndjson.",
    };

    public static Command Create()
    {
        var command = new Command(
            "failures",
            "List what failed, why, and whether a retry may help, in the storage account that "
                + "AzureWebJobsStorage names, else in --state.") { Json };
        Selection.AddTo(command);
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction(
            (parsed, cancellationToken) =>
                WriteAsync(
                    SettingsReader.Read(parsed), Selection.Read(parsed), parsed.GetValue(Json), Console.Out,
                    cancellationToken));
        return command;
    }

    internal static async Task<int> WriteAsync(
        RunSettings settings, Selection selection, bool json, TextWriter output, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var ledger = stores.Services.GetRequiredService<ILedger>();
        var failures = new FailureReader(ledger);
        var counts = new ReplayAdvice();
        string? listId = null;
        foreach (var list in await selection.FindListsAsync(ledger, settings.WorkStore.Name, cancellationToken))
            await foreach (var failure in failures.ReadAsync(list, cancellationToken))
            {
                if (!selection.Matches(failure.Id, failure.Reason))
                    continue;
                counts.Add(failure.Reason);
                if (json)
                {
                    await output.WriteLineAsync(JsonSerializer.Serialize(failure, PipelineJson.Plain.Failure));
                    continue;
                }

                if (failure.ListId != listId)
                    await output.WriteLineAsync($"list {listId = failure.ListId}");
                await output.WriteLineAsync(
                    $"  {failure.Id}  {failure.Reason}{(failure.Retryable ? ", retryable" : "")}  {Place(failure)}");
                await output.WriteProseAsync($"    {failure.Message.ReplaceLineEndings(" ")}", 4);
            }

        if (!json)
            await Console.Error.WriteProseAsync(
                counts.Describe(Shell.Command(settings, "replay") + selection.Arguments));
        return ExitCodes.Complete;
    }

    // A bad line has no URL, so its place in the list is what identifies it.
    private static string Place(Failure failure) =>
        failure.Url.Length > 0
            ? UrlCredentials.Hide(failure.Url.ReplaceLineEndings(" "))
            : $"line {failure.Line}";
}
