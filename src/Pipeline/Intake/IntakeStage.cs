using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline.Intake;

/// <summary>
/// Takes a list in: reads it once to know that it can be accepted, and once more to cut it into submissions, so that a list of any length needs no more memory
/// than its longest item and the hashes of its inputs. Repeating the same message at any point gives the same submissions.
/// </summary>
internal sealed partial class IntakeStage(
    ILedger ledger,
    IWorkQueue queue,
    IRecordSink sink,
    IObjectStore objects,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<IntakeStage> logger)
{
    private const string Inline = "queue message";

    /// <summary>Handles a message of <c>url-lists</c>: a list in any form, or a pointer to one.</summary>
    /// <returns>The list, past Planning.</returns>
    /// <exception cref="PipelineException">Permanent: the list cannot be accepted, and nothing of it was planned. Transient: a port cannot be reached.</exception>
    public async Task<ListEntry> HandleAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var pointer = ListPointer.Read(message);
        var source = pointer is null ? ListSource.Of(message) : ListSource.Of(pointer, objects, options.Value.Intake);
        var list = await ListInspector.InspectAsync(source.OpenAsync, source.NameHint, pointer?.SharedInputs, options.Value.Intake, pointer?.ListId, cancellationToken);
        foreach (var warning in list.Warnings)
            Log.Warning(logger, list.ListId, warning);
        var entry = await ledger.CreateListAsync(
            new() { ListId = list.ListId, State = ListState.Planning, Source = pointer?.Name ?? list.Name ?? source.NameHint ?? Inline, CreatedAt = time.GetUtcNow() },
            cancellationToken);
        CrashPoint.Pass("intake.after-list");
        using var planner = new SubmissionPlanner(
            list, entry.CreatedAt, entry.CreatedAt + options.Value.Sweep.PostingLease, options.Value.Intake.MaxInputsPerSubmission, options.Value.Guards);
        if (entry.State != ListState.Planning)
        {
            await CheckSameAsync(entry, list, source, planner, cancellationToken);
            Log.AlreadyPlanned(logger, list.ListId, entry.State);
            return entry;
        }
        await PlanAsync(list, source, planner, cancellationToken);
        CrashPoint.Pass("intake.after-messages");
        return await OpenAsync(entry, planner, cancellationToken);
    }

    private async Task PlanAsync(ListInspection list, ListSource source, SubmissionPlanner planner, CancellationToken cancellationToken)
    {
        await using var reader = await ListReader.OpenAsync(source.OpenAsync, source.NameHint, options.Value.Intake.MaxItemBytes, cancellationToken);
        await foreach (var item in reader.ReadAsync(cancellationToken))
        {
            if (planner.Add(item) is { } submission)
                await WriteAsync(list, submission, cancellationToken);
        }
        if (!reader.GetHash().AsSpan().SequenceEqual(list.ContentHash))
            throw SubmissionPlanner.ListChanged(list.ListId);
        foreach (var submission in planner.Finish())
            await WriteAsync(list, submission, cancellationToken);
        if (list.IsIdGiven && await ledger.GetSubmissionAsync(SubmissionIds.Of(list.ListId, planner.Submissions), cancellationToken) is not null)
            throw OtherList(list.ListId);
    }

    private async Task WriteAsync(ListInspection list, PlannedSubmission submission, CancellationToken cancellationToken)
    {
        if (list.IsIdGiven)
            await CheckSameAsync(submission, list, cancellationToken);
        // The ledger says Failed only of what the sink has.
        if (submission.Failures.Count > 0)
            await sink.PutFailuresAsync(submission.Failures, cancellationToken);
        await ledger.CreateSubmissionAsync(submission.Entry, submission.Inputs, cancellationToken);
        CrashPoint.Pass("intake.after-submission");
        if (submission.Entry.State == SubmissionState.Planned)
            await queue.SendAsync(new SubmissionMessage(submission.Entry.SubmissionId, Activity.Current?.Id), TimeSpan.Zero, cancellationToken);
    }

    private async Task<ListEntry> OpenAsync(ListEntry entry, SubmissionPlanner planner, CancellationToken cancellationToken)
    {
        var current = entry;
        while (current.State == ListState.Planning)
        {
            var open = current with
            {
                State = ListState.Open,
                Inputs = planner.Inputs,
                Duplicates = planner.Duplicates,
                Invalid = planner.Invalid,
                Submissions = planner.Submissions,
            };
            if (await ledger.UpdateListAsync(open, cancellationToken) is { } written)
            {
                Log.Planned(logger, written.ListId, written.Inputs, written.Submissions, written.Duplicates, written.Invalid);
                return written;
            }
            current = await ledger.GetListAsync(entry.ListId, cancellationToken)
                ?? throw new InvalidOperationException($"The list {entry.ListId} vanished from the ledger while it was planned.");
        }
        return current;
    }

    /// <summary>An id that somebody chose may come again with another list: that list's URLs must not vanish as "already planned".</summary>
    private async Task CheckSameAsync(ListEntry entry, ListInspection list, ListSource source, SubmissionPlanner planner, CancellationToken cancellationToken)
    {
        if (!list.IsIdGiven)
            return;
        if (entry.Inputs + entry.Duplicates != list.Inputs || entry.Invalid != list.Invalid)
            throw OtherList(list.ListId);
        await using var reader = await ListReader.OpenAsync(source.OpenAsync, source.NameHint, options.Value.Intake.MaxItemBytes, cancellationToken);
        await foreach (var item in reader.ReadAsync(cancellationToken))
        {
            if (planner.Add(item) is { } submission)
                await CheckSameAsync(submission, list, cancellationToken);
        }
        foreach (var submission in planner.Finish())
            await CheckSameAsync(submission, list, cancellationToken);
    }

    private async Task CheckSameAsync(PlannedSubmission submission, ListInspection list, CancellationToken cancellationToken)
    {
        var there = await ledger.GetInputsAsync(submission.Entry.SubmissionId, cancellationToken);
        // A crash may have left some of them; those must still be the same ones.
        foreach (var input in there)
        {
            if (input.Ordinal >= submission.Inputs.Count || submission.Inputs[input.Ordinal].Id != input.Id)
                throw OtherList(list.ListId);
        }
    }

    private static PipelineException OtherList(string listId) => PipelineException.Permanent(FailureReasons.InvalidConfiguration,
        $"There is another list with the list_id '{listId}' already. Choose another list_id, or leave it out: then it is derived from the content.");

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information,
            "List {ListId} is planned: {Inputs} inputs in {Submissions} submissions, {Duplicates} duplicates dropped, {Invalid} bad lines.")]
        public static partial void Planned(ILogger logger, string listId, long inputs, int submissions, long duplicates, long invalid);

        [LoggerMessage(LogLevel.Information, "List {ListId} came again and was planned before; it is {State} and nothing was changed.")]
        public static partial void AlreadyPlanned(ILogger logger, string listId, ListState state);

        [LoggerMessage(LogLevel.Warning, "List {ListId}: {Warning}")]
        public static partial void Warning(ILogger logger, string listId, string warning);
    }
}
