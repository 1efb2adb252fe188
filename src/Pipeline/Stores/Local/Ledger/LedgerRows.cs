using System.Globalization;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>The ledger's statements: lists, inputs and tasks.</summary>
internal static partial class LedgerRows
{
    private const string ListColumns =
        "list_id, state, source, inputs, duplicates, invalid, submissions, created_at, closed_at, setback, "
            + "content_hash, message, steering, steered_at, series, left_out, known, known_since, removed, "
            + "revision_of, version";

    private const string InputColumns =
        "submission_id, ordinal, id, url, input, line, state, task_id, learnt, reason, failure, finished_at, moved_to, "
            + "kept, http_status, series, version, part, part_offset, part_length, content_digest";

    public static void Insert(SqlSession session, ListEntry list) =>
        session.Execute(
            $"INSERT INTO list({ListColumns}) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
                + "$13, $14, $15, $16, $17, $18, $19, $20, 1) ON CONFLICT DO NOTHING",
            list.ListId, (int)list.State, list.Source, list.Inputs, list.Duplicates, list.Invalid, list.Submissions,
                Ticks(list.CreatedAt),
            Ticks(list.ClosedAt), Setback.Write(list.Setback), list.ContentHash, list.Message,
            (int)list.Steering, Ticks(list.SteeredAt), list.Series, list.LeftOut, list.Known, Ticks(list.KnownSince),
            list.Removed, list.RevisionOf);

    public static ListEntry? Update(SqlSession session, ListEntry list) =>
        Number(list.Version) is { } version && session.Execute(
            "UPDATE list SET state=$3, source=$4, inputs=$5, duplicates=$6, invalid=$7, submissions=$8, "
                + "created_at=$9, closed_at=$10, "
            + "setback=$11, content_hash=$12, message=$13, steering=$14, steered_at=$15, series=$16, left_out=$17, "
            + "known=$18, known_since=$19, removed=$20, revision_of=$21, version=version+1 "
            + "WHERE list_id=$1 AND version=$2",
            list.ListId, version, (int)list.State, list.Source, list.Inputs, list.Duplicates, list.Invalid,
                list.Submissions,
            Ticks(list.CreatedAt), Ticks(list.ClosedAt), Setback.Write(list.Setback), list.ContentHash,
            list.Message, (int)list.Steering, Ticks(list.SteeredAt), list.Series, list.LeftOut, list.Known,
            Ticks(list.KnownSince), list.Removed, list.RevisionOf) > 0
            ? list with { Version = Text(version + 1) }
            : null;

    public static ListEntry? List(SqlSession session, string listId)
    {
        using var rows = session.Query($"SELECT {ListColumns} FROM list WHERE list_id=$1", listId);
        return rows.Read() ? ReadList(rows) : null;
    }

    public static IReadOnlyList<string> ListIds(SqlSession session)
    {
        using var rows = session.Query("SELECT list_id FROM list ORDER BY created_at, list_id");
        return All(rows, row => row.GetString(0));
    }

    // Both queries include the condition of the index list_open.
    public static IReadOnlyList<ListEntry> OpenLists(SqlSession session, string after, int max) =>
        Lists(session, "state<>2 AND state<>3", after, max);

    public static IReadOnlyList<ListEntry> RefusedLists(SqlSession session, string after, int max) =>
        Lists(session, "state<>2 AND state=3", after, max);

    public static IReadOnlyList<ListEntry> RefusedLists(SqlSession session, DateTimeOffset since, int max)
    {
        using var rows = session.Query(
            $"SELECT {ListColumns} FROM list WHERE state<>2 AND state=3 AND closed_at>$1 "
                + "ORDER BY closed_at DESC, list_id LIMIT $2",
            since.UtcTicks, max);
        return All(rows, ReadList);
    }

    public static IReadOnlyList<ListEntry> ClosedLists(SqlSession session, ClosedPlace? after, int max)
    {
        using var rows = session.Query(
            $"SELECT {ListColumns} FROM list WHERE state=2 AND (closed_at, list_id)<($1, $2) "
                + "ORDER BY closed_at DESC, list_id DESC LIMIT $3",
            after?.ClosedAt.UtcTicks ?? long.MaxValue, after?.ListId ?? "", max);
        return All(rows, ReadList);
    }

    private static IReadOnlyList<ListEntry> Lists(SqlSession session, string condition, string after, int max)
    {
        using var rows = session.Query(
            $"SELECT {ListColumns} FROM list WHERE {condition} AND list_id>$1 ORDER BY list_id LIMIT $2", after, max);
        return All(rows, ReadList);
    }

    public static IReadOnlyList<InputEntry> Inputs(SqlSession session, string submissionId)
    {
        using var rows = session.Query(
            $"SELECT {InputColumns} FROM input WHERE submission_id=$1 ORDER BY ordinal", submissionId);
        return All(rows, row => ReadInput(row, submissionId));
    }

    public static InputEntry? Input(SqlSession session, string submissionId, int ordinal)
    {
        using var rows = session.Query(
            $"SELECT {InputColumns} FROM input WHERE submission_id=$1 AND ordinal=$2", submissionId, ordinal);
        return rows.Read() ? ReadInput(rows, submissionId) : null;
    }

    public static InputEntry? Update(SqlSession session, InputEntry input) =>
        Number(input.Version) is { } version && session.Execute(
            "UPDATE input SET id=$4, url=$5, input=$6, line=$7, state=$8, task_id=$9, learnt=$10, reason=$11, "
                + "failure=$12, finished_at=$13, moved_to=$14, "
            + "kept=$15, http_status=$16, series=$17, part=$18, part_offset=$19, part_length=$20, content_digest=$21, "
            + "version=version+1 WHERE submission_id=$1 AND ordinal=$2 AND version=$3",
            input.SubmissionId, input.Ordinal, version, input.Id, input.Url, Packed(input), input.Line,
                (int)input.State, input.TaskId, (int)input.DiscoveredBy,
            input.Reason, input.Failure, Ticks(input.FinishedAt), input.MovedTo, input.Kept, input.HttpStatus,
            InputSeries.Write(input.Series),
            input.Place?.Part, input.Place?.Offset, input.Place?.Length, input.ContentDigest) > 0
            ? input with { Version = Text(version + 1) }
            : null;

    public static void Insert(SqlSession session, string submissionId, IReadOnlyList<TaskEntry> tasks)
    {
        if (ErasedLists.Has(session, SubmissionIds.ListOf(submissionId)))
            return;
        foreach (var task in tasks)
        {
            session.Execute(
                "INSERT INTO task(submission_id, task_id, ordinal, is_over) VALUES($1, $2, $3, $4) "
                    + "ON CONFLICT DO UPDATE SET "
                + "ordinal=COALESCE(task.ordinal, excluded.ordinal), is_over=MAX(task.is_over, excluded.is_over) "
                + "WHERE task.ordinal IS NULL OR excluded.is_over>task.is_over",
                submissionId, task.TaskId, task.Ordinal, task.IsOver);
        }
    }

    public static TaskEntry? Task(SqlSession session, string submissionId, string taskId)
    {
        using var rows = session.Query(
            "SELECT task_id, ordinal, is_over FROM task WHERE submission_id=$1 AND task_id=$2", submissionId, taskId);
        return rows.Read() ? ReadTask(rows) : null;
    }

    public static IReadOnlyList<TaskInput> TaskInputs(
        SqlSession session, string submissionId, IReadOnlyCollection<string> taskIds)
    {
        var found = new List<TaskInput>(taskIds.Count);
        foreach (var taskId in taskIds.Distinct(StringComparer.Ordinal))
        {
            if (Task(session, submissionId, taskId) is { } task)
                found.Add(new(task, task.Ordinal is { } ordinal ? Input(session, submissionId, ordinal) : null));
        }
        return found;
    }

    public static IReadOnlyList<TaskEntry> Tasks(SqlSession session, string submissionId)
    {
        using var rows = session.Query(
            "SELECT task_id, ordinal, is_over FROM task WHERE submission_id=$1", submissionId);
        return All(rows, ReadTask);
    }

    private static void Insert(SqlSession session, InputEntry input) =>
        session.Execute(
            $"INSERT INTO input({InputColumns}) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
                + "$15, $16, 1, $17, $18, $19, $20) ON CONFLICT DO NOTHING",
            input.SubmissionId, input.Ordinal, input.Id, input.Url, Packed(input), input.Line, (int)input.State,
                input.TaskId, (int)input.DiscoveredBy, input.Reason,
            input.Failure, Ticks(input.FinishedAt), input.MovedTo, input.Kept, input.HttpStatus,
            InputSeries.Write(input.Series),
            input.Place?.Part, input.Place?.Offset, input.Place?.Length, input.ContentDigest);

    private static ListEntry ReadList(SqlRows row) => new()
    {
        ListId = row.GetString(0),
        State = (ListState)row.GetInt32(1),
        Source = NullableText(row, 2),
        Inputs = row.GetInt64(3),
        Duplicates = row.GetInt64(4),
        Invalid = row.GetInt64(5),
        Submissions = row.GetInt32(6),
        CreatedAt = Time(row, 7)!.Value,
        ClosedAt = Time(row, 8),
        Setback = Setback.Read(NullableText(row, 9)),
        ContentHash = NullableText(row, 10),
        Message = NullableText(row, 11),
        Steering = (ListSteering)row.GetInt32(12),
        SteeredAt = Time(row, 13),
        Series = NullableText(row, 14),
        LeftOut = row.GetInt64(15),
        Known = row.GetInt64(16),
        KnownSince = Time(row, 17),
        Removed = row.GetInt64(18),
        RevisionOf = NullableText(row, 19),
        Version = Text(row.GetInt64(20)),
    };

    // All inputs share one string of the submission id, because thousands of them are in memory.
    private static InputEntry ReadInput(SqlRows row, string submissionId)
    {
        var url = row.GetString(3);
        return new()
        {
            SubmissionId = submissionId,
            Ordinal = row.GetInt32(1),
            Id = row.GetString(2),
            Url = url,
            Input = NullableText(row, 4) ?? OnlyUrl(url),
            Line = row.GetInt64(5),
            State = (InputState)row.GetInt32(6),
            TaskId = NullableText(row, 7),
            DiscoveredBy = (DiscoveredBy)row.GetInt32(8),
            Reason = NullableText(row, 9),
            Failure = NullableText(row, 10),
            FinishedAt = Time(row, 11),
            MovedTo = NullableText(row, 12),
            Kept = NullableText(row, 13),
            HttpStatus = row.IsNull(14) ? null : row.GetInt32(14),
            Series = InputSeries.Read(NullableText(row, 15)),
            Version = Text(row.GetInt64(16)),
            Place = row.IsNull(17) ? null : new(row.GetString(17), row.GetInt64(18), row.GetInt64(19)),
            ContentDigest = NullableText(row, 20),
        };
    }

    private static TaskEntry ReadTask(SqlRows row) => 
        new(row.GetString(0), row.IsNull(1) ? null : row.GetInt32(1), row.GetBoolean(2));

    // Most inputs are only a URL. Omitting those makes the file a third smaller.
    private static string? Packed(InputEntry input) => input.Input == OnlyUrl(input.Url) ? null : input.Input;

    private static string OnlyUrl(string url) => $$"""{"url":"{{url}}"}""";

    private static List<T> All<T>(SqlRows rows, Func<SqlRows, T> read)
    {
        var all = new List<T>();
        while (rows.Read())
            all.Add(read(rows));
        return all;
    }

    private static long? Ticks(DateTimeOffset? time) => time?.UtcTicks;

    private static DateTimeOffset? Time(SqlRows row, int column) =>
        row.IsNull(column) ? null : new(row.GetInt64(column), TimeSpan.Zero);

    private static string? NullableText(SqlRows row, int column) =>
        row.IsNull(column) ? null : row.GetString(column);

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    private static long? Number(string version) =>
        long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
