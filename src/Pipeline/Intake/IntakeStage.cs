using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Intake;

/// <summary>
/// Accepts a list. The first pass checks that it can be accepted; the second cuts it into submissions. So a list of any
/// length needs memory only for its longest item and the hashes of its inputs. Handling the same message again, at any
/// point, gives the same submissions.
/// </summary>
internal sealed partial class IntakeStage(
    ILedger ledger,
    PlanWriter writer,
    ListRegistration admission,
    RefusedListRecorder refusals,
    IObjectStore objects,
    IOptions<PipelineOptions> options,
    ILogger<IntakeStage> logger)
{
    /// <summary>The source name of a list that is the message itself.</summary>
    public const string Inline = "queue message";

    /// <summary>Handles a message. The submissions reach Submit by their messages.</summary>
    public Task<ListEntry> HandleAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        HandleAsync(message, handOver: null, cancellationToken);

    /// <summary>Handles a message of <c>url-lists</c>: a list in any format, or a pointer to one.</summary>
    /// <param name="message">The message.</param>
    /// <param name="handOver">Takes the list's only submission; null if a message brings it to Submit.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>The list's entry, in a state after Planning.</returns>
    /// <exception cref="PipelineException">
    /// Permanent: the list cannot be accepted; the ledger then has it in state Refused. Transient: a port is
    /// unavailable.
    /// </exception>
    public async Task<ListEntry> HandleAsync(
        ReadOnlyMemory<byte> message, HandOver? handOver, CancellationToken cancellationToken)
    {
        ListInspection? list = null;
        ListPointer? pointer = null;
        try
        {
            pointer = ListPointer.Read(message);
            if (pointer?.ListId is { } id && await ledger.IsErasedAsync(id, cancellationToken))
                return Drop(id);
            var source = pointer is null
                ? ListSource.Of(message)
                : ListSource.Of(pointer, objects, options.Value.Intake);
            list = await ListInspector.InspectAsync(
                source,
                pointer?.SharedInputs,
                options.Value.Intake,
                pointer?.ListId,
                pointer?.Series ?? default,
                cancellationToken);
            if (await ledger.IsErasedAsync(list.ListId, cancellationToken))
                return Drop(list.ListId);
            if (pointer?.ContentHash is { } sent && sent != list.ContentHash)
                throw SubmissionPlanner.ListChanged(list.ListId);
            foreach (var warning in list.Warnings)
                LogWarning(list.ListId, warning);
            var name = pointer?.Name ?? list.Name ?? source.NameHint ?? Inline;
            return await ListTrace.RunAsync(
                "process url-lists",
                ActivityKind.Consumer,
                new(list.ListId),
                () => PlanAsync(list, source with { Form = list.Form }, name, message, handOver, cancellationToken));
        }
        catch (PipelineException refusal) when (refusal is { IsPermanent: true, IsStoreFault: false })
        {
            // An erasure removes the copy that a message points to.
            if ((list?.ListId ?? pointer?.ListId) is { } id && await ledger.IsErasedAsync(id, cancellationToken))
                return Drop(id);
            await refusals.RefuseAsync(message, list, refusal.Message, isKnown: false, cancellationToken);
            throw;
        }
    }

    /// <summary>
    /// Drops the message of an erased list: it is late or was sent again, and the list would be paid for again.
    /// Somebody who wants the list again submits it, and it gets another id.
    /// </summary>
    private ListEntry Drop(string listId)
    {
        LogErased();
        return new() { ListId = listId, State = ListState.Refused, CreatedAt = default };
    }

    private async Task<ListEntry> PlanAsync(
        ListInspection list, ListSource source, string name, ReadOnlyMemory<byte> message,
        HandOver? handOver, CancellationToken cancellationToken)
    {
        var entry = await admission.AcceptAsync(list, name, cancellationToken);
        CrashPoint.Pass("intake.after-list");
        using var planner = new SubmissionPlanner(list, entry.CreatedAt, options.Value);
        if (entry.State != ListState.Planning)
        {
            await new LegacyListCheck(ledger, entry, list).CheckAsync(
                planner, Items(source, cancellationToken), cancellationToken);
            LogAlreadyPlanned(list.ListId, entry.State);
            return entry;
        }
        await admission.KeepOriginAsync(list.ListId, message, cancellationToken);
        using var series = await SeriesComparison.OpenAsync(ledger, list, entry, options.Value, cancellationToken);
        await PlanAsync(list, source, planner, series, new(ledger, entry, list), handOver, cancellationToken);
        CrashPoint.Pass("intake.after-messages");
        return await OpenAsync(entry, planner, series, cancellationToken);
    }

    private async Task PlanAsync(
        ListInspection list,
        ListSource source,
        SubmissionPlanner planner,
        SeriesComparison? series,
        LegacyListCheck before,
        HandOver? handOver,
        CancellationToken cancellationToken)
    {
        await using var reader = await ListReader.OpenAsync(source, options.Value.Intake, cancellationToken);
        await foreach (var item in reader.ReadAsync(cancellationToken))
        {
            if (planner.Add(item) is { } submission)
                await WriteAsync(submission, before, cancellationToken);
            if (planner.HasBlock)
                await DecideAsync(planner, series, before, cancellationToken);
        }
        if (!reader.GetHash().AsSpan().SequenceEqual(list.BytesHash))
            throw SubmissionPlanner.ListChanged(list.ListId);
        await DecideAsync(planner, series, before, cancellationToken);
        foreach (var submission in planner.Finish())
            await WriteAsync(
                submission, before, cancellationToken, planner.Submissions == 1 ? handOver : null);
        await before.CheckEndAsync(planner, cancellationToken);
    }

    /// <summary>Compares the inputs that wait with the series, and plans those that are not left out.</summary>
    private async Task DecideAsync(
        SubmissionPlanner planner, SeriesComparison? series, LegacyListCheck before,
        CancellationToken cancellationToken)
    {
        if (series is null || planner.Undecided is not { Count: > 0 } keys)
            return;
        var decisions = await series.DecideAsync(keys, cancellationToken);
        CrashPoint.Pass("intake.after-pin");
        foreach (var submission in planner.Decide(decisions))
            await WriteAsync(submission, before, cancellationToken);
    }

    private async Task WriteAsync(
        PlannedSubmission submission, LegacyListCheck before, CancellationToken cancellationToken,
        HandOver? handOver = null)
    {
        await before.CheckAsync(submission, cancellationToken);
        await writer.WriteAsync(submission, handOver, cancellationToken);
    }

    private async Task<ListEntry> OpenAsync(
        ListEntry entry, SubmissionPlanner planner, SeriesComparison? series, CancellationToken cancellationToken)
    {
        var removed = series is null ? 0 : await series.CountRemovedAsync(cancellationToken);
        var current = entry;
        while (current.State is ListState.Planning or ListState.Refused)
        {
            var open = current with
            {
                State = ListState.Open,
                Message = null,
                ClosedAt = null,
                Inputs = planner.Inputs,
                Duplicates = planner.Duplicates,
                Invalid = planner.Invalid,
                Submissions = planner.Submissions,
                LeftOut = planner.LeftOut,
                Known = series?.Known ?? 0,
                KnownSince = series?.KnownSince,
                Removed = removed,
            };
            if (await ledger.UpdateListAsync(open, cancellationToken) is { } written)
            {
                PipelineMetrics.MeasureLag("plan", admission.AgeOf(written));
                LogPlanned(written.ListId,
                    written.Inputs,
                    written.Submissions,
                    written.Duplicates,
                    written.Invalid);
                if (SeriesText.Describe(written) is { } known)
                    LogSeries(written.ListId, known);
                return written;
            }
            current = await ledger.GetListAsync(entry.ListId, cancellationToken)
                ?? throw new InvalidOperationException(
                    $"List {entry.ListId} disappeared from the ledger during planning.");
        }
        return current;
    }

    private async IAsyncEnumerable<ListItem> Items(
        ListSource source, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var reader = await ListReader.OpenAsync(source, options.Value.Intake, cancellationToken);
        await foreach (var item in reader.ReadAsync(cancellationToken))
            yield return item;
    }

    [LoggerMessage(
        LogLevel.Information,
        "Planned list {ListId}. Inputs: {Inputs}, submissions: {Submissions}, duplicates dropped: "
            + "{Duplicates}, bad lines: "
            + "{Invalid}."
    )]
    private partial void LogPlanned(string listId,
        long inputs,
        int submissions,
        long duplicates,
        long invalid);

    [LoggerMessage(
        LogLevel.Information,
        "Received list {ListId} again. It is already planned (state {State}); nothing changed."
    )]
    private partial void LogAlreadyPlanned(string listId, ListState state);

    [LoggerMessage(LogLevel.Information, "List {ListId}: {Known}")]
    private partial void LogSeries(string listId, string known);

    [LoggerMessage(LogLevel.Warning, "List {ListId}: {Warning}")]
    private partial void LogWarning(string listId, string warning);

    [LoggerMessage(
        LogLevel.Warning,
        "Dropped the message of a list that was erased. To fetch that list again, run 'pipeline submit LIST'."
    )]
    private partial void LogErased();
}
