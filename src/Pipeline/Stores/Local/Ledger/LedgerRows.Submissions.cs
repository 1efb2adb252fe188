using System.Text.Json.Nodes;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>The ledger's statements: submissions.</summary>
internal static partial class LedgerRows
{
    private const string SubmissionColumns =
        "submission_id, list_id, sequence, state, count, shared_inputs, storage_url, compressed, has_callback, "
            + "batch_id, posted_at, accepted_at, completed_at, due_at, "
        + "looks, completed_count, records, failures, message, attempt, repeat_of, proof, waits_for, "
        + "hold, held_since, heard_at, "
        + "setback, result_setback, not_before, series, tally, lost_since, lost_until, version";

    /// <summary>
    /// Inserts a submission with its inputs unless it exists. An existing one is complete, because its rows were
    /// committed together.
    /// </summary>
    public static void Insert(
        SqlSession session, SubmissionEntry s, IReadOnlyList<InputEntry> inputs, byte[] filter)
    {
        if (ErasedLists.Has(session, s.ListId))
            return;
        var created = session.Execute(
            $"INSERT INTO submission({SubmissionColumns}) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
                + "$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, "
                + "$30, $31, $32, $33, 1) ON CONFLICT DO NOTHING",
            s.SubmissionId, s.ListId, s.Sequence, (int)s.State, s.Count, s.SharedInputs, s.StorageUrl, s.Compressed,
                s.HasCallback, s.BatchId, Ticks(s.PostedAt),
            Ticks(s.AcceptedAt), Ticks(s.CompletedAt), Ticks(s.DueAt), s.PollCount, s.CompletedCount, s.Records,
                s.Failures, s.Message, s.Attempt, s.RepeatOf, (int)s.Proof,
            s.WaitsFor, (int)s.Hold, Ticks(s.HeldSince), Ticks(s.FirstCallbackAt),
            Setback.Write(s.Setback), Setback.Write(s.ResultSetback), Ticks(s.NotBefore), s.Series, s.Tally,
            Ticks(s.LostSince), Ticks(s.LostUntil));
        if (created == 0)
            return;
        session.Execute(
            "INSERT INTO input_filter(submission_id, bits) VALUES($1, $2) ON CONFLICT DO NOTHING",
            s.SubmissionId, filter);
        foreach (var input in inputs)
            Insert(session, input);
    }

    public static SubmissionEntry? Update(SqlSession session, SubmissionEntry s) =>
        Number(s.Version) is { } version && session.Execute(
            "UPDATE submission SET list_id=$3, sequence=$4, state=$5, count=$6, shared_inputs=$7, storage_url=$8, "
                + "compressed=$9, has_callback=$10, batch_id=$11, "
            + "posted_at=$12, accepted_at=$13, completed_at=$14, due_at=$15, looks=$16, completed_count=$17, "
            + "records=$18, failures=$19, message=$20, attempt=$21, repeat_of=$22, proof=$23, "
            + "waits_for=$24, hold=$25, held_since=$26, heard_at=$27, "
            + "setback=$28, result_setback=$29, not_before=$30, tally=$31, lost_since=$32, "
                + "lost_until=$33, version=version+1 "
            + "WHERE submission_id=$1 AND version=$2",
            s.SubmissionId, version, s.ListId, s.Sequence, (int)s.State, s.Count, s.SharedInputs, s.StorageUrl,
                s.Compressed, s.HasCallback, s.BatchId,
            Ticks(s.PostedAt), Ticks(s.AcceptedAt), Ticks(s.CompletedAt), Ticks(s.DueAt), s.PollCount,
                s.CompletedCount, s.Records, s.Failures, s.Message, s.Attempt, s.RepeatOf, (int)s.Proof,
            s.WaitsFor, (int)s.Hold, Ticks(s.HeldSince), Ticks(s.FirstCallbackAt),
            Setback.Write(s.Setback), Setback.Write(s.ResultSetback), Ticks(s.NotBefore), s.Tally,
            Ticks(s.LostSince), Ticks(s.LostUntil)) > 0
            ? s with { Version = Text(version + 1) }
            : null;

    public static SubmissionEntry? Submission(SqlSession session, string submissionId)
    {
        using var rows = session.Query(
            $"SELECT {SubmissionColumns} FROM submission WHERE submission_id=$1", submissionId);
        return rows.Read() ? ReadSubmission(rows) : null;
    }

    public static IReadOnlyList<SubmissionEntry> Submissions(SqlSession session, string listId, int after, int max)
    {
        using var rows = session.Query(
            $"SELECT {SubmissionColumns} FROM submission WHERE list_id=$1 AND sequence>$2 ORDER BY sequence LIMIT $3",
            listId, after, max);
        return All(rows, ReadSubmission);
    }

    public static IReadOnlyList<SubmissionEntry> DueSubmissions(SqlSession session, DateTimeOffset now, int max)
    {
        using var rows = session.Query(
            $"SELECT {SubmissionColumns} FROM submission WHERE due_at<=$1 ORDER BY due_at LIMIT $2", now.UtcTicks, max);
        return All(rows, ReadSubmission);
    }

    private static SubmissionEntry ReadSubmission(SqlRows row) => new()
    {
        SubmissionId = row.GetString(0),
        ListId = row.GetString(1),
        Sequence = row.GetInt32(2),
        State = (SubmissionState)row.GetInt32(3),
        Count = row.GetInt32(4),
        SharedInputs = row.GetString(5),
        StorageUrl = NullableText(row, 6),
        Compressed = row.GetBoolean(7),
        HasCallback = row.GetBoolean(8),
        BatchId = NullableText(row, 9),
        PostedAt = Time(row, 10),
        AcceptedAt = Time(row, 11),
        CompletedAt = Time(row, 12),
        DueAt = Time(row, 13),
        PollCount = row.GetInt32(14),
        CompletedCount = row.GetInt32(15),
        Records = row.GetInt32(16),
        Failures = row.GetInt32(17),
        Message = NullableText(row, 18),
        Attempt = row.GetInt32(19),
        RepeatOf = NullableText(row, 20),
        Proof = (PostProof)row.GetInt32(21),
        WaitsFor = NullableText(row, 22),
        Hold = (HoldReason)row.GetInt32(23),
        HeldSince = Time(row, 24),
        FirstCallbackAt = Time(row, 25),
        Setback = Setback.Read(NullableText(row, 26)),
        ResultSetback = Setback.Read(NullableText(row, 27)),
        NotBefore = Time(row, 28),
        Series = NullableText(row, 29),
        Tally = NullableText(row, 30),
        LostSince = Time(row, 31),
        LostUntil = Time(row, 32),
        Version = Text(row.GetInt64(33)),
    };

    /// <summary>Returns the outcomes of a submission's inputs, which triggers count in its row.</summary>
    public static OutcomeCounts Outcomes(SqlSession session, string submissionId)
    {
        using var rows = session.Query(
            "SELECT count-recorded-failed-moved, recorded, failed FROM submission WHERE submission_id=$1",
            submissionId);
        return rows.Read() ? new(rows.GetInt32(0), rows.GetInt32(1), rows.GetInt32(2)) : default;
    }

    /// <summary>
    /// Returns the submissions of lists that are not closed, and the sums over all of them, in the order of the ids. It
    /// uses two queries for all lists, because a query for each took most of the time of an overview of a thousand.
    /// </summary>
    public static IReadOnlyList<LiveList> Live(
        SqlSession session, IReadOnlyList<string> listIds, DateTimeOffset now)
    {
        var ids = Json(listIds);
        var live = LiveSubmissions(session, ids).ToLookup(s => s.Submission.ListId, StringComparer.Ordinal);
        var sums = Sums(session, ids, now);
        return
        [
            .. listIds.Select(id => sums.TryGetValue(id, out var sum)
                ? new LiveList(sum.Counts, sum.Closed, [.. live[id]])
                : new LiveList(LedgerCounts.None, 0, [])),
        ];
    }

    /// <summary>
    /// Returns the progress of a list. Triggers count outcomes in the submissions' rows, so no input is read.
    /// </summary>
    public static LedgerCounts Count(SqlSession session, string listId, DateTimeOffset now) =>
        Sums(session, Json([listId]), now).TryGetValue(listId, out var sum) ? sum.Counts : LedgerCounts.None;

    private static string Json(IEnumerable<string> listIds) =>
        new JsonArray([.. listIds.Select(id => JsonValue.Create(id))]).ToJsonString();

    private static List<(SubmissionEntry Submission, OutcomeCounts Outcomes)> LiveSubmissions(
        SqlSession session, string ids)
    {
        var live = new List<(SubmissionEntry Submission, OutcomeCounts Outcomes)>();
        using var rows = session.Query(
            $"SELECT {SubmissionColumns}, count-recorded-failed-moved, recorded, failed FROM submission "
                + "WHERE list_id IN (SELECT value FROM json_each($1)) AND state<>$2 ORDER BY list_id, sequence",
            ids, (int)SubmissionState.Closed);
        // Counted from the end, because a submission may get further columns.
        var at = rows.Columns - 3;
        while (rows.Read())
            live.Add((ReadSubmission(rows), new(rows.GetInt32(at), rows.GetInt32(at + 1), rows.GetInt32(at + 2))));
        return live;
    }

    /// <summary>
    /// The sums of <see cref="SubmissionSums"/> for several lists, with the number of closed submissions.
    /// </summary>
    private static Dictionary<string, (LedgerCounts Counts, int Closed)> Sums(
        SqlSession session, string ids, DateTimeOffset now)
    {
        var sums = new Dictionary<string, (LedgerCounts Counts, int Closed)>(StringComparer.Ordinal);
        using var rows = session.Query(
            """
            WITH RECURSIVE
            ours AS NOT MATERIALIZED (
                SELECT * FROM submission WHERE list_id IN (SELECT value FROM json_each($1))),
            -- Each submission that posts inputs of others again, with all of these.
            repeat(id, origin) AS (
                SELECT submission_id, repeat_of FROM ours WHERE repeat_of IS NOT NULL
                UNION ALL
                SELECT id, repeat_of FROM repeat JOIN submission ON submission_id=origin WHERE repeat_of IS NOT NULL),
            again(id) AS (
                SELECT id FROM repeat JOIN submission ON submission_id=origin WHERE accepted_at IS NOT NULL)
            SELECT list_id,
                   COALESCE(SUM(CASE WHEN repeat_of IS NULL THEN count END), 0),
                   COALESCE(SUM(CASE WHEN accepted_at IS NOT NULL AND submission_id NOT IN again THEN count END), 0),
                   COALESCE(SUM(CASE WHEN accepted_at IS NOT NULL AND submission_id IN again THEN count END), 0),
                   COALESCE(SUM(CASE WHEN (state=$2 AND lost_since IS NULL) OR (state=$3 AND posted_at<=$4)
                                     THEN count END), 0),
                   COALESCE(SUM(recorded), 0), COALESCE(SUM(failed), 0),
                   COALESCE(SUM(CASE WHEN state=$2 AND lost_since IS NOT NULL THEN count END), 0), SUM(state=$5)
            FROM ours GROUP BY list_id
            """,
            ids, (int)SubmissionState.Unknown, (int)SubmissionState.Posting,
            (now - LedgerCounts.AnswerTakes).UtcTicks, (int)SubmissionState.Closed);
        while (rows.Read())
            sums[rows.GetString(0)] = (
                new(
                    rows.GetInt64(1), rows.GetInt64(2), rows.GetInt64(3), rows.GetInt64(4), rows.GetInt64(5),
                    rows.GetInt64(6), rows.GetInt64(7)),
                rows.GetInt32(8));
        return sums;
    }
}
