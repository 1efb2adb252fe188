namespace Pipeline.Export.Closing;

/// <summary>A message on queue <c>exports</c>: write the next file of a list that closed.</summary>
/// <param name="ListId">The list.</param>
/// <param name="ClosedAt">The close to export. If the list closes again, that has another message.</param>
/// <param name="Table">The table that is being written: <c>records</c>, then <c>failures</c>.</param>
/// <param name="Part">The number of the next file.</param>
/// <param name="Source">The file of results to read next, from 0.</param>
/// <param name="Line">Number of its lines that are already written.</param>
/// <param name="RecordParts">Number of files of records, once they are written.</param>
internal sealed record ExportMessage(
    string ListId, DateTimeOffset ClosedAt, string Table, int Part = 0, int Source = 0, long Line = 0,
    int RecordParts = 0);

/// <summary>
/// <c>_lists/{list_id}.json</c>: the files of a list, for readers that must not read half of them. It is written first
/// with <see cref="Complete"/> false, and last with true.
/// </summary>
/// <param name="ListId">The list.</param>
/// <param name="Dt">The day in the names of its files: that of its first close.</param>
/// <param name="ClosedAt">The close that is exported.</param>
/// <param name="Complete">Whether the files are those of this close.</param>
/// <param name="RecordParts">Number of files of records.</param>
/// <param name="FailureParts">Number of files of failures.</param>
internal sealed record ExportNote(
    string ListId, string Dt, DateTimeOffset ClosedAt, bool Complete, int RecordParts, int FailureParts);
