using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Cli.Run;
using Pipeline.Emit;
using Pipeline.Stores.Local;
using Spectre.Console;

namespace Pipeline.Cli.Failures;

/// <summary><c>pipeline failures</c>: what failed and why, from the ledger.</summary>
internal static class FailuresCommand
{
    private const int PageSize = 500;

    private static readonly Option<bool> Json = new("--json") { Description = "One failure a line, as in failures.ndjson." };

    public static Command Create()
    {
        var command = new Command("failures", "List what failed, why, and whether trying again may help.") { Json };
        Selection.AddTo(command);
        foreach (var option in RunCommand.StateOptions)
            command.Add(option);
        command.SetAction((parsed, cancellationToken) => RunAsync(RunCommand.StateFolder(parsed), Selection.Read(parsed), parsed.GetValue(Json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string state, Selection selection, bool json, CancellationToken cancellationToken)
    {
        Selection.RequireState(state);
        await using var database = await LocalDatabase.OpenAsync(state, cancellationToken);
        var ledger = new LocalLedger(database);
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("list", "id", "reason", "retryable", "url", "message");
        var lists = (await selection.FindListsAsync(ledger, state, cancellationToken)).ToHashSet(StringComparer.Ordinal);
        await foreach (var failure in ReadAsync(database, cancellationToken))
        {
            if (!lists.Contains(failure.ListId) || !selection.Matches(failure.Id, failure.Reason))
                continue;
            if (json)
                await Console.Out.WriteLineAsync(JsonSerializer.Serialize(failure, PipelineJson.Plain.Failure));
            else
                table.AddRow([.. new[] { failure.ListId, failure.Id, failure.Reason, failure.Retryable ? "yes" : "no", failure.Url, failure.Message }.Select(Markup.Escape)]);
        }

        if (!json && table.Rows.Count > 0)
            AnsiConsole.Write(table);
        if (!json)
            await Console.Error.WriteLineAsync($"{table.Rows.Count} failures. 'pipeline replay' brings back what it can without cost, 'pipeline replay --resubmit' posts them again.");
        return ExitCodes.Complete;
    }

    private static async IAsyncEnumerable<Failure> ReadAsync(LocalDatabase database, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = 0L; ;)
        {
            var page = await database.ReadAsync(session => FailuresFile.Page(session, after, PageSize), cancellationToken);
            foreach (var (_, json) in page)
                yield return JsonSerializer.Deserialize(json, PipelineJson.Plain.Failure)!;
            if (page.Count < PageSize)
                yield break;
            after = page[^1].Sequence;
        }
    }
}
