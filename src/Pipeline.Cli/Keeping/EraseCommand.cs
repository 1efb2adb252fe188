using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Inputs;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Steering;

namespace Pipeline.Cli.Keeping;

/// <summary><c>pipeline erase</c>: removes everything that the pipeline keeps about a list.</summary>
internal static class EraseCommand
{
    private static readonly Option<bool> Objects = new("--objects")
    {
        Description = "Also delete the list's objects in the bucket. The credentials must allow it.",
    };

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "Erase a cancelled list before it is closed. Results that were paid for are lost.",
    };

    private static readonly Option<bool> Yes = new("--yes")
    {
        Description = "Do not ask. Needed where standard input is no terminal.",
    };

    public static Command Create()
    {
        var id = ListArguments.One();
        var command = new Command(
            "erase", "Remove everything that the pipeline keeps about a closed list, for good.")
        {
            id, Objects, Force, Yes, RunOptions.Out, RunOptions.StateOfRun,
        };
        command.SetAction((parsed, cancellationToken) => EraseAsync(
            SettingsReader.Read(parsed), parsed.GetValue(id)!,
            new(parsed.GetValue(Force), parsed.GetValue(Objects)), parsed.GetValue(Yes), cancellationToken));
        return command;
    }

    private static async Task<int> EraseAsync(
        RunSettings settings, string listId, ErasureChoice choice, bool isSure, CancellationToken cancellationToken)
    {
        if (!SubmissionIds.IsWellFormed(listId))
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"{DisplayText.Quote(listId)} is no id of a list. "
                    + $"'{Shell.Command(settings, "status")}' shows the ids.");
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenForErasureAsync(settings, cancellationToken);
        var erasure = stores.Services.GetRequiredService<ListErasure>();
        var lists = await erasure.FindAsync(listId, choice, cancellationToken);
        if (!isSure)
            await AskAsync(listId, lists, choice, cancellationToken);
        var report = await erasure.EraseAsync(listId, choice, Operator.Name, cancellationToken);
        await SayAsync(settings, listId, report, choice);
        return report.Parts.Left is null ? ExitCodes.Complete : ExitCodes.Error;
    }

    private static async Task AskAsync(
        string listId, IReadOnlyList<string> lists, ErasureChoice choice, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "Erasing cannot be undone, and there is no terminal to ask at. Add --yes to erase without a question.");
        await Console.Error.WriteProseAsync(
            $"This removes {string.Join(", ", lists)} for good: inputs, records, failures, manifest and history"
                + $"{(choice.WithObjects ? ", and its objects in the bucket" : "")}.");
        await Console.Error.WriteAsync("Type the id of the list to go on: ");
        var answer = await Task.Run(Console.In.ReadLine, cancellationToken).WaitAsync(cancellationToken);
        if (answer?.Trim() != listId)
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput, "Nothing was erased: the answer was not the id of the list.");
    }

    private static async Task SayAsync(
        RunSettings settings, string listId, ErasureReport report, ErasureChoice choice)
    {
        var parts = report.Parts;
        if (parts.IsNothing && report.Objects == 0)
            await Console.Out.WriteProseAsync($"There is nothing about list {listId} here.");
        else
            await Console.Out.WriteProseAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"Erased {string.Join(", ", report.Lists)}: {Amount.Of(parts.Inputs, "input")}, "
                    + $"{Records(settings, parts.Records)}, "
                    + $"{Amount.Of(parts.Failures, "failure")}, {Amount.Of(parts.Messages, "message")}"
                    + $"{(choice.WithObjects ? $", {Amount.Of(report.Objects, "object")} in the bucket" : "")}."));
        if (parts.Left is { } left)
            await Console.Error.WriteProseAsync($"pipeline: {left}");
        await Console.Out.WriteProseAsync("What is elsewhere is not erased:");
        foreach (var place in Elsewhere(settings, choice))
            await Console.Out.WriteProseAsync($"- {place}", 2);
    }

    // In an account, the records of a submission are one file.
    private static string Records(RunSettings settings, long count) => settings.WorkStore.IsShared
        ? Amount.Of(count, "file of records", "files of records")
        : Amount.Of(count, "record");

    private static IEnumerable<string> Elsewhere(RunSettings settings, ErasureChoice choice)
    {
        var emulator = EmbeddedEmulator.FolderOf(settings);
        var isEmulated = settings is { IsEmbedded: true, WorkStore.IsShared: false } && Directory.Exists(emulator);
        yield return isEmulated
            ? $"the built-in emulator's copies of inputs and results, in {emulator}: delete that folder once no run "
                + "works here"
            : "Nimble's own copies of inputs and results, until Nimble deletes them (up to 7 days)";
        yield return choice.WithObjects
            ? "earlier versions of the objects, in a bucket with versioning or soft delete"
            : "the results in the bucket; add --objects to delete them too, before the ledger forgets where they are";
        yield return settings.WorkStore.IsShared
            ? "earlier versions and soft-deleted blobs of the storage account, until its retention ends"
            : "blocks of the disk that the file system has not used again, and its snapshots";
        yield return "backups that were made before, also by 'pipeline backup'; logs and traces, which name ids";
        yield return "what consumers have copied, and lists that you keep: files, schedules, other lists with the "
            + "same URLs";
    }
}
