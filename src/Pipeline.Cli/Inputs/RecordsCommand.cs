using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Dashboard.Api.Rows;
using Pipeline.Emulator;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Cli.Inputs;

/// <summary><c>pipeline records</c>: prints the records of a list, and those that come.</summary>
internal static class RecordsCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly Argument<string> ListId = ListArguments.One();

    private static readonly Option<bool> Follow = new("--follow")
    {
        Description = "Go on with records that come, until the list is closed.",
    };

    public static Command Create()
    {
        var command = new Command("records", "Print the records of a list, one JSON object a line, each once.")
        {
            ListId, Follow, RunOptions.Out, RunOptions.StateOfRun,
        };
        command.SetAction((parsed, cancellationToken) => WriteAsync(
            SettingsReader.Read(parsed), parsed.GetValue(ListId)!, parsed.GetValue(Follow), cancellationToken));
        return command;
    }

    private static async Task<int> WriteAsync(
        RunSettings settings, string listId, bool follow, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        await using var output = CleanConsole.OpenOutput();
        var printer = new RecordPrinter(
            stores.Services.GetRequiredService<ILedger>(), stores.Services.GetRequiredService<IRecordReader>(), output);
        while (true)
        {
            // The state first: what closes the list meanwhile is printed all the same.
            var list = await ListArguments.RequireAsync(stores.Services, settings, listId, cancellationToken);
            await printer.PrintAsync(listId, cancellationToken);
            if (!follow || list.State is ListState.Closed or ListState.Refused)
                return printer.Missing == 0 ? ExitCodes.Complete : throw Gone(settings, listId, printer.Missing);
            await Task.Delay(Pause, stores.Services.GetRequiredService<TimeProvider>(), cancellationToken);
        }
    }

    private static PipelineException Gone(RunSettings settings, string listId, int missing)
    {
        var place = settings.WorkStore.IsShared ? settings.WorkStore.Name
            : settings.IsOutNamed ? Path.Combine(settings.Out, NdjsonRecordStore.RecordsFile)
            : $"the run's {NdjsonRecordStore.RecordsFile}";
        return PipelineException.Permanent(
            FailureReasons.ObjectDamaged,
            $"{Amount.Of(missing, "record")} of list {listId} could not be printed: not found in {place}. Was it moved "
                + "or deleted? Put it back, or name the folder that holds it with --out.");
    }
}

/// <summary>Prints records, each once, however often it is asked.</summary>
internal sealed class RecordPrinter(ILedger ledger, IRecordReader records, Stream output)
{
    private readonly HashSet<string> _closed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<int>> _printed = new(StringComparer.Ordinal);

    /// <summary>Number of records that the ledger knows and that are not where it says.</summary>
    public int Missing { get; private set; }

    /// <summary>Prints the records of a list that were not printed yet.</summary>
    public async Task PrintAsync(string listId, CancellationToken cancellationToken)
    {
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            if (_closed.Contains(submission.SubmissionId) || submission.AcceptedAt is null)
                continue;
            if (!_printed.TryGetValue(submission.SubmissionId, out var printed))
                _printed[submission.SubmissionId] = printed = [];
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken))
                if (input.State == InputState.Recorded && printed.Add(input.Ordinal))
                    await PrintAsync(listId, input, cancellationToken);
            if (submission.State == SubmissionState.Closed && _closed.Add(submission.SubmissionId))
                _printed.Remove(submission.SubmissionId);
        }
    }

    private async Task PrintAsync(string listId, InputEntry input, CancellationToken cancellationToken)
    {
        await using var record = await records.OpenRecordAsync(listId, input, cancellationToken);
        if (record is null)
        {
            Missing++;
            return;
        }
        await RecordLine.CopyAsync(record, output, cancellationToken);
        await output.WriteAsync("\n"u8.ToArray(), cancellationToken);
    }
}
