using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports.Reading;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// Converts ledger entries to table rows and back. States are stored as words, so that people can read them.
/// </summary>
internal static class LedgerEntities
{
    /// <summary>
    /// Identifies the write that produced the row, so that a write whose answer was lost can find out whether it
    /// succeeded.
    /// </summary>
    public const string Mark = "Mark";

    /// <summary>On a submission: the key of its row in the due index; absent if it is not due.</summary>
    public const string DueRow = "DueRow";

    public static TableEntity ToRow(ListEntry list)
    {
        var row = new TableEntity(LedgerKeys.ListPartition(list.ListId), LedgerKeys.List)
        {
            [nameof(list.ListId)] = list.ListId,
            [nameof(list.State)] = list.State.ToString(),
            [nameof(list.Inputs)] = list.Inputs,
            [nameof(list.Duplicates)] = list.Duplicates,
            [nameof(list.Invalid)] = list.Invalid,
            [nameof(list.Submissions)] = list.Submissions,
        };
        LedgerText.Put(row, nameof(list.Source), list.Source);
        LedgerText.Put(row, nameof(list.Setback), Setback.Write(list.Setback));
        LedgerText.Put(row, nameof(list.ContentHash), list.ContentHash);
        LedgerText.Put(row, nameof(list.Message), list.Message);
        Put(row, nameof(list.CreatedAt), list.CreatedAt);
        Put(row, nameof(list.ClosedAt), list.ClosedAt);
        if (list.Steering != ListSteering.None)
            row[nameof(list.Steering)] = list.Steering.ToString();
        Put(row, nameof(list.SteeredAt), list.SteeredAt);
        LedgerText.Put(row, nameof(list.RevisionOf), list.RevisionOf);
        if (list.Series is null)
            return row;
        row[nameof(list.Series)] = list.Series;
        row[nameof(list.LeftOut)] = list.LeftOut;
        row[nameof(list.Known)] = list.Known;
        row[nameof(list.Removed)] = list.Removed;
        Put(row, nameof(list.KnownSince), list.KnownSince);
        return row;
    }

    public static ListEntry ToList(TableEntity row) => new()
    {
        ListId = row.GetString(nameof(ListEntry.ListId)),
        State = Enum.Parse<ListState>(row.GetString(nameof(ListEntry.State))),
        Source = LedgerText.Get(row, nameof(ListEntry.Source)),
        Inputs = row.GetInt64(nameof(ListEntry.Inputs)) ?? 0,
        Duplicates = row.GetInt64(nameof(ListEntry.Duplicates)) ?? 0,
        Invalid = row.GetInt64(nameof(ListEntry.Invalid)) ?? 0,
        Submissions = row.GetInt32(nameof(ListEntry.Submissions)) ?? 0,
        CreatedAt = Time(row, nameof(ListEntry.CreatedAt)) ?? default,
        ClosedAt = Time(row, nameof(ListEntry.ClosedAt)),
        Setback = Setback.Read(LedgerText.Get(row, nameof(ListEntry.Setback))),
        ContentHash = LedgerText.Get(row, nameof(ListEntry.ContentHash)),
        Message = LedgerText.Get(row, nameof(ListEntry.Message)),
        Steering = Enum.Parse<ListSteering>(
            row.GetString(nameof(ListEntry.Steering)) ?? nameof(ListSteering.None)),
        SteeredAt = Time(row, nameof(ListEntry.SteeredAt)),
        RevisionOf = row.GetString(nameof(ListEntry.RevisionOf)),
        Series = row.GetString(nameof(ListEntry.Series)),
        LeftOut = row.GetInt64(nameof(ListEntry.LeftOut)) ?? 0,
        Known = row.GetInt64(nameof(ListEntry.Known)) ?? 0,
        KnownSince = Time(row, nameof(ListEntry.KnownSince)),
        Removed = row.GetInt64(nameof(ListEntry.Removed)) ?? 0,
        Version = row.ETag.ToString(),
    };

    public static TableEntity ToRow(SubmissionEntry s, string? dueRow)
    {
        var row = new TableEntity(s.SubmissionId, LedgerKeys.Submission)
        {
            [nameof(s.ListId)] = s.ListId,
            [nameof(s.Sequence)] = s.Sequence,
            [nameof(s.State)] = s.State.ToString(),
            [nameof(s.Count)] = s.Count,
            [nameof(s.Compressed)] = s.Compressed,
            [nameof(s.HasCallback)] = s.HasCallback,
            [nameof(s.PollCount)] = s.PollCount,
            [nameof(s.CompletedCount)] = s.CompletedCount,
            [nameof(s.Records)] = s.Records,
            [nameof(s.Failures)] = s.Failures,
            [nameof(s.Attempt)] = s.Attempt,
            [nameof(s.Proof)] = s.Proof.ToString(),
        };
        LedgerText.Put(row, nameof(s.SharedInputs), s.SharedInputs);
        LedgerText.Put(row, nameof(s.StorageUrl), s.StorageUrl);
        LedgerText.Put(row, nameof(s.BatchId), s.BatchId);
        LedgerText.Put(row, nameof(s.Message), s.Message);
        LedgerText.Put(row, nameof(s.RepeatOf), s.RepeatOf);
        LedgerText.Put(row, nameof(s.WaitsFor), s.WaitsFor);
        LedgerText.Put(row, nameof(s.Series), s.Series);
        if (s.Hold != HoldReason.None)
            row[nameof(s.Hold)] = s.Hold.ToString();
        Put(row, nameof(s.HeldSince), s.HeldSince);
        Put(row, nameof(s.FirstCallbackAt), s.FirstCallbackAt);
        LedgerText.Put(row, nameof(s.Setback), Setback.Write(s.Setback));
        LedgerText.Put(row, nameof(s.ResultSetback), Setback.Write(s.ResultSetback));
        LedgerText.Put(row, nameof(s.Tally), s.Tally);
        LedgerText.Put(row, DueRow, dueRow);
        Put(row, nameof(s.NotBefore), s.NotBefore);
        Put(row, nameof(s.LostSince), s.LostSince);
        Put(row, nameof(s.LostUntil), s.LostUntil);
        Put(row, nameof(s.PostedAt), s.PostedAt);
        Put(row, nameof(s.AcceptedAt), s.AcceptedAt);
        Put(row, nameof(s.CompletedAt), s.CompletedAt);
        Put(row, nameof(s.DueAt), s.DueAt);
        return row;
    }

    public static SubmissionEntry ToSubmission(TableEntity row) => new()
    {
        SubmissionId = row.PartitionKey,
        ListId = row.GetString(nameof(SubmissionEntry.ListId)),
        Sequence = row.GetInt32(nameof(SubmissionEntry.Sequence)) ?? 0,
        State = Enum.Parse<SubmissionState>(row.GetString(nameof(SubmissionEntry.State))),
        Count = row.GetInt32(nameof(SubmissionEntry.Count)) ?? 0,
        SharedInputs = LedgerText.Get(row, nameof(SubmissionEntry.SharedInputs)) ?? "{}",
        Series = row.GetString(nameof(SubmissionEntry.Series)),
        StorageUrl = LedgerText.Get(row, nameof(SubmissionEntry.StorageUrl)),
        Compressed = row.GetBoolean(nameof(SubmissionEntry.Compressed)) ?? false,
        HasCallback = row.GetBoolean(nameof(SubmissionEntry.HasCallback)) ?? false,
        BatchId = LedgerText.Get(row, nameof(SubmissionEntry.BatchId)),
        PostedAt = Time(row, nameof(SubmissionEntry.PostedAt)),
        AcceptedAt = Time(row, nameof(SubmissionEntry.AcceptedAt)),
        DueAt = Time(row, nameof(SubmissionEntry.DueAt)),
        PollCount = row.GetInt32(nameof(SubmissionEntry.PollCount)) ?? 0,
        CompletedCount = row.GetInt32(nameof(SubmissionEntry.CompletedCount)) ?? 0,
        CompletedAt = Time(row, nameof(SubmissionEntry.CompletedAt)),
        Records = row.GetInt32(nameof(SubmissionEntry.Records)) ?? 0,
        Failures = row.GetInt32(nameof(SubmissionEntry.Failures)) ?? 0,
        Attempt = row.GetInt32(nameof(SubmissionEntry.Attempt)) ?? 1,
        RepeatOf = LedgerText.Get(row, nameof(SubmissionEntry.RepeatOf)),
        Proof = Enum.Parse<PostProof>(row.GetString(nameof(SubmissionEntry.Proof)) ?? nameof(PostProof.None)),
        Message = LedgerText.Get(row, nameof(SubmissionEntry.Message)),
        WaitsFor = LedgerText.Get(row, nameof(SubmissionEntry.WaitsFor)),
        Hold = Enum.Parse<HoldReason>(row.GetString(nameof(SubmissionEntry.Hold)) ?? nameof(HoldReason.None)),
        HeldSince = Time(row, nameof(SubmissionEntry.HeldSince)),
        FirstCallbackAt = Time(row, nameof(SubmissionEntry.FirstCallbackAt)),
        Setback = Setback.Read(LedgerText.Get(row, nameof(SubmissionEntry.Setback))),
        ResultSetback = Setback.Read(LedgerText.Get(row, nameof(SubmissionEntry.ResultSetback))),
        NotBefore = Time(row, nameof(SubmissionEntry.NotBefore)),
        Tally = LedgerText.Get(row, nameof(SubmissionEntry.Tally)),
        LostSince = Time(row, nameof(SubmissionEntry.LostSince)),
        LostUntil = Time(row, nameof(SubmissionEntry.LostUntil)),
        Version = new SubmissionVersion(
            row.ETag.ToString(), row.GetString(DueRow), Time(row, nameof(SubmissionEntry.DueAt))).ToString(),
    };

    /// <summary>Returns the row in a list's partition that names a submission, with a filter of its inputs.</summary>
    public static TableEntity ToMember(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs) =>
        new(LedgerKeys.ListPartition(submission.ListId), LedgerKeys.Member(submission.Sequence))
        {
            [nameof(submission.SubmissionId)] = submission.SubmissionId,
            [LedgerKeys.Filter] = KeyFilter.Of(inputs),
        };

    public static TableEntity ToRow(InputEntry input)
    {
        var row = new TableEntity(input.SubmissionId, LedgerKeys.Input(input.Ordinal))
        {
            [nameof(input.Ordinal)] = input.Ordinal,
            [nameof(input.Id)] = input.Id,
            [nameof(input.Line)] = input.Line,
            [nameof(input.State)] = input.State.ToString(),
            [nameof(input.DiscoveredBy)] = input.DiscoveredBy.ToString(),
        };
        LedgerText.Put(row, nameof(input.Url), input.Url);
        LedgerText.Put(row, nameof(input.Input), input.Input);
        LedgerText.Put(row, nameof(input.Kept), input.Kept);
        LedgerText.Put(row, nameof(input.TaskId), input.TaskId);
        LedgerText.Put(row, nameof(input.Reason), input.Reason);
        LedgerText.Put(row, nameof(input.Failure), input.Failure);
        LedgerText.Put(row, nameof(input.MovedTo), input.MovedTo);
        LedgerText.Put(row, nameof(input.ContentDigest), input.ContentDigest);
        if (input.HttpStatus is { } status)
            row[nameof(input.HttpStatus)] = status;
        if (input.Place is { } place)
        {
            row[nameof(place.Part)] = place.Part;
            row[nameof(place.Offset)] = place.Offset;
            row[nameof(place.Length)] = place.Length;
        }
        Put(row, nameof(input.FinishedAt), input.FinishedAt);
        LedgerText.Put(row, nameof(input.Series), InputSeries.Write(input.Series));
        return row;
    }

    public static InputEntry ToInput(TableEntity row) => new()
    {
        SubmissionId = row.PartitionKey,
        Ordinal = row.GetInt32(nameof(InputEntry.Ordinal)) ?? 0,
        Id = row.GetString(nameof(InputEntry.Id)),
        Url = LedgerText.Get(row, nameof(InputEntry.Url)) ?? "",
        Input = LedgerText.Get(row, nameof(InputEntry.Input)) ?? "",
        Kept = LedgerText.Get(row, nameof(InputEntry.Kept)),
        Line = row.GetInt64(nameof(InputEntry.Line)) ?? 0,
        State = ToInputState(row),
        TaskId = LedgerText.Get(row, nameof(InputEntry.TaskId)),
        DiscoveredBy = Enum.Parse<DiscoveredBy>(row.GetString(nameof(InputEntry.DiscoveredBy))),
        Reason = LedgerText.Get(row, nameof(InputEntry.Reason)),
        Failure = LedgerText.Get(row, nameof(InputEntry.Failure)),
        MovedTo = LedgerText.Get(row, nameof(InputEntry.MovedTo)),
        HttpStatus = row.GetInt32(nameof(InputEntry.HttpStatus)),
        FinishedAt = Time(row, nameof(InputEntry.FinishedAt)),
        Series = InputSeries.Read(LedgerText.Get(row, nameof(InputEntry.Series))),
        ContentDigest = LedgerText.Get(row, nameof(InputEntry.ContentDigest)),
        Place = row.GetString(nameof(RecordPlace.Part)) is { } part
            ? new(
                part, row.GetInt64(nameof(RecordPlace.Offset)) ?? 0, row.GetInt64(nameof(RecordPlace.Length)) ?? 0)
            : null,
        Version = new InputVersion(row.ETag.ToString(), ToInputState(row)).ToString(),
    };

    public static InputState ToInputState(TableEntity row) =>
        Enum.Parse<InputState>(row.GetString(nameof(InputEntry.State)));

    public static TableEntity ToRow(string submissionId, TaskEntry task)
    {
        var row = new TableEntity(submissionId, LedgerKeys.Task(task.TaskId));
        if (task.Ordinal is { } ordinal)
            row[nameof(task.Ordinal)] = ordinal;
        if (task.IsOver)
            row[nameof(task.IsOver)] = true;
        return row;
    }

    public static TaskEntry ToTask(TableEntity row) => 
        new(
            row.RowKey[LedgerKeys.TaskPrefix.Length..], row.GetInt32(nameof(TaskEntry.Ordinal)),
            row.GetBoolean(nameof(TaskEntry.IsOver)) ?? false);

    private static void Put(TableEntity row, string name, DateTimeOffset? time)
    {
        if (time is { } value)
            row[name] = value.ToUniversalTime();
    }

    private static DateTimeOffset? Time(TableEntity row, string name) => row.GetDateTimeOffset(name);
}
