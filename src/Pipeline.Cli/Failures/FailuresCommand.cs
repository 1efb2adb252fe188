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

namespace Pipeline.Cli.Failures;

/// <summary>How <c>pipeline failures</c> shows them.</summary>
internal enum FailureForm
{
    /// <summary>By reason, with an example.</summary>
    Groups,

    /// <summary>Each with its id and message.</summary>
    Lines,

    /// <summary>Each as a JSON object.</summary>
    Json,
}

/// <summary><c>pipeline failures</c>: says what failed, why and what mends it, from the ledger.</summary>
internal static class FailuresCommand
{
    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print one JSON object per failure, as in failures.ndjson.",
    };

    private static readonly Option<bool> Details = new("--details")
    {
        Description = "List each failure with its id and message.",
    };

    public static Command Create()
    {
        var command = new Command(
            "failures",
            "Say what failed, by reason, with an example and the command that mends it, in the storage account that "
                + "AzureWebJobsStorage names, else in --state.") { Details, Json };
        Selection.AddTo(command);
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
        {
            var selection = Selection.Read(parsed);
            // Whoever names ids wants to see them.
            var form = parsed.GetValue(Json) ? FailureForm.Json
                : parsed.GetValue(Details) || selection.Ids.Count > 0 ? FailureForm.Lines
                : FailureForm.Groups;
            return WriteAsync(SettingsReader.Read(parsed), selection, form, Console.Out, cancellationToken);
        });
        return command;
    }

    internal static async Task<int> WriteAsync(
        RunSettings settings, Selection selection, FailureForm form, TextWriter output,
        CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var ledger = stores.Services.GetRequiredService<ILedger>();
        var failures = new FailureReader(ledger);
        var counts = new ReplayAdvice();
        var groups = new FailureGroups(settings, selection);
        string? listId = null;
        foreach (var list in await selection.FindListsAsync(ledger, settings.WorkStore.Name, cancellationToken))
            await foreach (var current in failures.ReadCurrentAsync(list, cancellationToken))
            {
                var failure = current.Failure;
                if (!selection.Matches(failure.Id, failure.Reason))
                    continue;
                counts.Add(current);
                groups.Add(current);
                if (form == FailureForm.Json)
                    await output.WriteLineAsync(JsonSerializer.Serialize(failure, PipelineJson.Plain.Failure));
                else if (form == FailureForm.Lines)
                {
                    if (failure.ListId != listId)
                        await output.WriteLineAsync($"list {listId = failure.ListId}");
                    await WriteAsync(failure, output);
                }
            }

        if (form == FailureForm.Groups)
            foreach (var line in groups.Describe())
                await output.WriteProseAsync(line, indent: 2);
        if (form != FailureForm.Json)
            await Console.Error.WriteProseAsync(
                counts.Summarize(Shell.Command(settings, "replay") + selection.Arguments));
        return ExitCodes.Complete;
    }

    private static async Task WriteAsync(Failure failure, TextWriter output)
    {
        await output.WriteLineAsync(
            $"  {failure.Id}  {failure.Reason}{(failure.Retryable ? ", retryable" : "")}  "
                + FailureGroups.Place(failure));
        await output.WriteProseAsync($"    {FailureGroups.Message(failure)}", 4);
    }
}
