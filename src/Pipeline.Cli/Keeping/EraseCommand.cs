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
        var isEmulated = ErasedElsewhere.IsEmulated(settings);
        if (choice.WithObjects && isEmulated)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"{Objects.Name} is for a bucket, and the results of the built-in emulator are in "
                    + $"{EmbeddedEmulator.FolderOf(settings)}. Leave it out, and delete that folder afterwards.");
        await using var stores = await StoreAccess.OpenForErasureAsync(settings, cancellationToken);
        var erasure = stores.Services.GetRequiredService<ListErasure>();
        var lists = await erasure.FindAsync(listId, choice, cancellationToken);
        var folders = isEmulated ? [] : await erasure.FindFoldersAsync(listId, cancellationToken);
        if (!isSure)
            await AskAsync(listId, lists, choice, folders, cancellationToken);
        var report = await erasure.EraseAsync(listId, choice, Operator.Name, cancellationToken);
        await SayAsync(settings, listId, report, new ErasedElsewhere(settings, choice, folders));
        return report.Parts.Left is null ? ExitCodes.Complete : ExitCodes.Error;
    }

    private static async Task AskAsync(
        string listId, IReadOnlyList<string> lists, ErasureChoice choice, IReadOnlyList<string> folders,
        CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "Erasing cannot be undone, and there is no terminal to ask at. Add --yes to erase without a question.");
        await Console.Error.WriteProseAsync(
            $"This removes {string.Join(", ", lists)} for good: inputs, records, failures, manifest and history"
                + $"{(choice.WithObjects ? ", and its objects in the bucket" : "")}.");
        if (!choice.WithObjects && folders.Count > 0)
            await Console.Error.WriteProseAsync(
                $"Its objects stay in {string.Join(", ", folders)}. To delete them too, stop here and add "
                    + $"{Objects.Name}: afterwards, the ledger no longer knows them.");
        await Console.Error.WriteAsync("Type the id of the list to go on: ");
        var answer = await Task.Run(Console.In.ReadLine, cancellationToken).WaitAsync(cancellationToken);
        if (answer?.Trim() != listId)
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput, "Nothing was erased: the answer was not the id of the list.");
    }

    private static async Task SayAsync(
        RunSettings settings, string listId, ErasureReport report, ErasedElsewhere elsewhere)
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
                    + $"{(elsewhere.ObjectsGo ? $", {Amount.Of(report.Objects, "object")} in the bucket" : "")}."));
        if (parts.Left is { } left)
            await Console.Error.WriteProseAsync($"pipeline: {left}");
        await Console.Out.WriteProseAsync("What is elsewhere is not erased:");
        foreach (var place in elsewhere.Describe(parts.IsNothing ? listId : null))
            await Console.Out.WriteProseAsync($"- {place}", 2);
    }

    // In an account, the records of a submission are one file.
    private static string Records(RunSettings settings, long count) => settings.WorkStore.IsShared
        ? Amount.Of(count, "file of records", "files of records")
        : Amount.Of(count, "record");
}
