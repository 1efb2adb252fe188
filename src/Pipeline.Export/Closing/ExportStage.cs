using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Export.Sources;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Export.Closing;

/// <summary>
/// Writes the files of a list that closed, one for each message of queue <c>exports</c>. The next file gets another
/// message, so that long and short lists take turns. A redelivered message writes the same file again.
/// </summary>
/// <param name="manifests">Reads the manifests.</param>
/// <param name="open">Opens the results of a list.</param>
/// <param name="parts">Writes a file.</param>
/// <param name="files">The files.</param>
/// <param name="queue">Receives the message of the next file.</param>
/// <param name="logger">The log.</param>
internal sealed partial class ExportStage(
    IManifestReader manifests,
    Func<Manifest, IResultSource> open,
    PartWriter parts,
    IExportFiles files,
    IWorkQueue queue,
    ILogger<ExportStage> logger)
{
    private static readonly FileStyle Style = new(ExportFormat.Parquet);

    /// <summary>Writes the next file of a list, or ends its export.</summary>
    public async Task HandleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var message = Read(body);
        if (await FindManifestAsync(message, cancellationToken) is not { } manifest)
            return;
        var note = await BeginAsync(message, cancellationToken);
        var table = message.Table == Table.Failures.Name ? Table.Failures : Table.Records;
        var (source, from) = (open(manifest), new ExportPlace(message.Source, message.Line));
        var rows = table == Table.Records
            ? source.OpenRecordsAsync(from, cancellationToken)
            : source.OpenFailuresAsync(from, cancellationToken);
        await using var part = await parts.WriteAsync(table, rows, from, cancellationToken);
        if (await FindManifestAsync(message, cancellationToken) is null)
            return;
        if (part.Rows > 0)
            await files.WriteAsync(NameOf(note, table, message.Part), part.Content, cancellationToken);
        CrashPoint.Pass("export.after-file");
        var written = message.Part + (part.Rows > 0 ? 1 : 0);
        if (part.Next is { } next)
            await SendAsync(
                message with { Part = written, Source = next.File, Line = next.Line }, cancellationToken);
        else if (table == Table.Records)
            await SendAsync(
                new(message.ListId, message.ClosedAt, Table.Failures.Name, RecordParts: written), cancellationToken);
        else
            await EndAsync(
                note with { Complete = true, RecordParts = message.RecordParts, FailureParts = written },
                cancellationToken);
    }

    /// <summary>
    /// Reads the manifest of the close that a message is about. Null if the list has closed again: that close has a
    /// message of its own, which replaces the files.
    /// </summary>
    private async Task<Manifest?> FindManifestAsync(ExportMessage message, CancellationToken cancellationToken) =>
        await manifests.ReadManifestAsync(message.ListId, cancellationToken) is { } manifest
            && manifest.ClosedAt == message.ClosedAt
            ? manifest
            : null;

    /// <summary>Records that the files are being replaced. They keep the day of the first close.</summary>
    private async Task<ExportNote> BeginAsync(ExportMessage message, CancellationToken cancellationToken)
    {
        var known = await files.ReadAsync(NoteOf(message.ListId), cancellationToken) is { } json
            ? JsonSerializer.Deserialize(json, ExportJson.Default.ExportNote)
            : null;
        if (known is { Complete: false } && known.ClosedAt == message.ClosedAt)
            return known;
        var note = new ExportNote(
            message.ListId, known?.Dt ?? Partition.NameOf(message.ClosedAt), message.ClosedAt, Complete: false, 0, 0);
        await WriteAsync(note, cancellationToken);
        CrashPoint.Pass("export.after-begin");
        return note;
    }

    private async Task EndAsync(ExportNote note, CancellationToken cancellationToken)
    {
        await DeleteFromAsync(note, Table.Records, note.RecordParts, cancellationToken);
        await DeleteFromAsync(note, Table.Failures, note.FailureParts, cancellationToken);
        CrashPoint.Pass("export.before-end");
        await WriteAsync(note, cancellationToken);
        CrashPoint.Pass("export.after-end");
        LogExported(note.ListId, note.RecordParts, note.FailureParts);
    }

    /// <summary>Deletes files of an earlier export beyond this one's. Their numbers have no gaps.</summary>
    private async Task DeleteFromAsync(ExportNote note, Table table, int part, CancellationToken cancellationToken)
    {
        while (await files.DeleteAsync(NameOf(note, table, part), cancellationToken))
            part++;
    }

    private async Task WriteAsync(ExportNote note, CancellationToken cancellationToken)
    {
        using var json = new MemoryStream(
            JsonSerializer.SerializeToUtf8Bytes(note, ExportJson.Default.ExportNote));
        await files.WriteAsync(NoteOf(note.ListId), json, cancellationToken);
    }

    private async Task SendAsync(ExportMessage message, CancellationToken cancellationToken)
    {
        await queue.SendAsync(
            QueueNames.Exports, [JsonSerializer.SerializeToUtf8Bytes(message, ExportJson.Default.ExportMessage)],
            TimeSpan.Zero, cancellationToken);
        CrashPoint.Pass("export.after-message");
    }

    private static string NameOf(ExportNote note, Table table, int part) => string.Join(
        '/',
        new[]
        {
            table == Table.Failures ? FolderTarget.FailuresFolder : "",
            new Partition(note.Dt, note.ListId).Folder,
            PartsWriter.NameOf(part, Style),
        }.Where(name => name.Length > 0));

    private static string NoteOf(string listId) => $"_lists/{listId}.json";

    private static ExportMessage Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            if (JsonSerializer.Deserialize(body.Span, ExportJson.Default.ExportMessage) is { } message
                && ListIds.IsValid(message.ListId) && message is { Part: >= 0, Source: >= 0, Line: >= 0 })
                return message;
        }
        catch (JsonException)
        {
        }
        throw PipelineException.Permanent(
            FailureReasons.InvalidInput, "Queue exports holds a message that the pipeline did not send.");
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "List {ListId} is exported. Files of records: {RecordParts}, of failures: {FailureParts}.")]
    private partial void LogExported(string listId, int recordParts, int failureParts);
}
