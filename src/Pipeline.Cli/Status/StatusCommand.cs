using System.CommandLine;
using System.Text.Json;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Reports;

namespace Pipeline.Cli.Status;

/// <summary><c>pipeline status</c>: shows how far lists are.</summary>
internal static class StatusCommand
{
    private static readonly Argument<string?> ListId = new Argument<string?>("LIST_ID")
    {
        Description = "Id of a list. Default: all lists that are not closed, and those refused in the last seven days.",
        Arity = ArgumentArity.ZeroOrOne,
    }.RefusingOptions();

    private static readonly Option<bool> All = new("--all")
    {
        Description = $"Show closed lists too: the {StatusReader.MaxClosed} newest, the latest first.",
    };

    private static readonly Option<bool> Watch = new("--watch")
    {
        Description = "Show it again every two seconds, until no list is open.",
    };

    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print JSON: one object for LIST_ID, else an array.",
    };

    public static Command Create()
    {
        var command = new Command(
            "status", "Show how far lists are, in the storage account that AzureWebJobsStorage names, else in --state.")
        {
            ListId, All, Watch, RunOptions.OutOfRun, RunOptions.StateOfRun, Json,
        };
        command.SetAction((parsed, cancellationToken) => ReportAsync(
            SettingsReader.Read(parsed), parsed.GetValue(ListId), parsed.GetValue(All), parsed.GetValue(Watch),
            parsed.GetValue(Json), cancellationToken));
        return command;
    }

    private static async Task<int> ReportAsync(
        RunSettings settings, string? listId, bool all, bool watch, bool asJson, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var reader = new StatusReader(stores.Services, settings, listId, all);
        Func<StatusView, string> write = asJson
            ? view => ToJson(view, listId is not null)
            : view => ToText(view, settings);
        if (watch)
            await new StatusWatch(reader, write, asJson).RunAsync(cancellationToken);
        else
            await WriteAsync(await reader.ReadAsync(cancellationToken), write);
        return ExitCodes.Complete;
    }

    private static async Task WriteAsync(StatusView view, Func<StatusView, string> write)
    {
        foreach (var note in view.Notes)
            await Console.Error.WriteProseAsync(note);
        await Console.Out.WriteLineAsync(write(view));
    }

    private static string ToText(StatusView view, RunSettings settings)
    {
        var width = Prose.WidthOf(Console.Out);
        var lines = view.None is { } none ? [none] : StatusText.Of(view.Lists, width, settings.StateArguments);
        return string.Join('\n', lines.Select(line => Prose.Fold(line, width, IndentOf(line))));
    }

    private static int IndentOf(string line) => line.Length - line.TrimStart().Length + 2;

    private static string ToJson(StatusView view, bool isOne) => isOne
        ? JsonSerializer.Serialize(view.Lists[0], StatusJson.Default.ListReport)
        : JsonSerializer.Serialize([.. view.Lists], StatusJson.Default.ListListReport);
}
