using Microsoft.Data.Sqlite;
using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Store;

/// <summary>
/// Stores POSTs, tasks and jobs. All pending work is a row in <c>jobs</c>, so a restart continues where the process
/// ended.
/// </summary>
internal sealed class TaskStore(Database database)
{
    private const string TaskColumns =
        "t.seq, t.id, p.id, p.is_batch, p.delivery, t.input, t.faults, t.state, t.created_at, t.finished_at, "
            + "t.status_code, t.error, t.error_type, t.output_url";

    private readonly Lock _seqs = new();
    private long _lastTask = database.Read(d => d.Scalar<long>("SELECT ifnull(max(seq), 0) FROM tasks"));
    private long _lastPost = database.Read(d => d.Scalar<long>("SELECT ifnull(max(seq), 0) FROM posts"));

    /// <summary>The number of tasks. Tasks are never removed.</summary>
    public long TaskCount => Volatile.Read(ref _lastTask);

    /// <summary>The number of accepted POSTs.</summary>
    public long PostCount => Volatile.Read(ref _lastPost);

    /// <summary>
    /// Reserves sequence numbers for a POST and its tasks; returns that of the POST and of the first task.
    /// </summary>
    public (long Post, long FirstTask) Reserve(int tasks)
    {
        lock (_seqs)
            return (++_lastPost, ReserveTasks(tasks));
    }

    /// <summary>Reserves sequence numbers for further tasks; returns the first.</summary>
    public long ReserveTasks(int tasks)
    {
        lock (_seqs)
        {
            var first = _lastTask + 1;
            _lastTask += tasks;
            return first;
        }
    }

    /// <summary>
    /// Writes an accepted POST with its tasks in order, and the first job of each task, unless a fault keeps it
    /// waiting.
    /// </summary>
    public Task AddAsync(PostRow post, IReadOnlyList<TaskRow> tasks) => database.WriteAsync(d =>
    {
        d.Execute("INSERT INTO posts VALUES ($1, $2, $3, $4, $5, $6, $7)",
            post.Seq, post.Id, post.IsBatch ? 1L : 0L, (long)post.Inputs, post.Delivery.ToText(), post.Answered,
            post.CreatedAt.ToUnixTimeMilliseconds());
        for (var i = 0; i < tasks.Count; i++)
        {
            var task = tasks[i];
            d.Execute("INSERT INTO tasks (seq, id, post, ordinal, state, input, faults, created_at) VALUES ($1, "
                + "$2, $3, $4, 0, $5, $6, $7)",
                task.Seq, task.Id, post.Seq, (long)i, task.Input, task.Faults.ToText(),
                task.CreatedAt.ToUnixTimeMilliseconds());
            if (!task.Faults.Never)
                AddJob(d, task.Seq, new(JobKind.Extract, task.CreatedAt.AddMilliseconds(task.Faults.SlowMs)));
        }
    });

    /// <summary>Writes the outcome of a task, and replaces its job with the next ones.</summary>
    public Task FinishAsync(Job job, TaskRow end, bool delivered, IEnumerable<NextJob> next) => database.WriteAsync(d =>
    {
        d.Execute("UPDATE tasks SET state = $2, finished_at = $3, status_code = $4, error = $5, error_type = $6, "
            + "output_url = $7, delivered = delivered + $8 WHERE seq = $1",
            end.Seq, (long)end.State, end.FinishedAt?.ToUnixTimeMilliseconds(),
            end.StatusCode is { } code ? (long)code : null, end.Error, end.ErrorType, end.OutputUrl,
            delivered ? 1L : 0L);
        EndJob(d, job, next);
    });

    /// <summary>Counts a delivered object, and replaces the job with the next ones.</summary>
    public Task DeliveredAsync(Job job, bool delivered, IEnumerable<NextJob> next) => database.WriteAsync(d =>
    {
        if (delivered)
            d.Execute("UPDATE tasks SET delivered = delivered + 1 WHERE seq = $1", job.Task.Seq);
        EndJob(d, job, next);
    });

    /// <summary>Counts a webhook call, and replaces the job with the next ones.</summary>
    public Task CalledAsync(Job job, bool taken, IEnumerable<NextJob> next) => database.WriteAsync(d =>
    {
        d.Execute(
            "UPDATE tasks SET calls = calls + 1, calls_taken = calls_taken + $2 WHERE seq = $1", job.Task.Seq,
            taken ? 1L : 0L);
        EndJob(d, job, next);
    });

    /// <summary>
    /// Up to <paramref name="max"/> due jobs, the oldest first. <paramref name="without"/> has sequence numbers of jobs
    /// to leave out.
    /// </summary>
    public List<Job> GetDueJobs(JobKind kind, DateTimeOffset now, int max, IEnumerable<long> without) =>
        database.Read(d => d.Query(
        $"SELECT {TaskColumns}, j.seq, j.due_at, j.attempt FROM jobs j JOIN tasks t ON t.seq = j.task JOIN posts p ON "
            + "p.seq = t.post WHERE j.kind = $1 AND j.due_at <= $2 AND j.seq NOT IN (SELECT value FROM json_each($4)) "
            + "ORDER BY j.due_at, j.seq LIMIT $3",
        r => new Job(r.GetInt64(14), kind, Time(r.GetInt64(15)), r.GetInt32(16), ReadTask(r)),
        (long)kind, now.ToUnixTimeMilliseconds(), (long)max, $"[{string.Join(',', without)}]"));

    /// <summary>When the next job after <paramref name="now"/> is due; null when there is none.</summary>
    public DateTimeOffset? GetNextDue(JobKind kind, DateTimeOffset now) => database.Read(d =>
        d.Query(
            "SELECT min(due_at) FROM jobs WHERE kind = $1 AND due_at > $2",
            r => r.IsDBNull(0) ? (DateTimeOffset?)null : Time(r.GetInt64(0)), (long)kind,
            now.ToUnixTimeMilliseconds())[0]);

    public TaskRow? GetTask(string id) => database.Read(d =>
        d.Query(
            $"SELECT {TaskColumns} FROM tasks t JOIN posts p ON p.seq = t.post WHERE t.id = $1", ReadTask,
            id).SingleOrDefault());

    /// <summary>Up to <paramref name="max"/> tasks below a sequence number, the newest first.</summary>
    public List<TaskRow> GetTasks(long before, int max) => database.Read(d =>
        d.Query(
            $"SELECT {TaskColumns} FROM tasks t JOIN posts p ON p.seq = t.post WHERE t.seq < $1 "
                + "ORDER BY t.seq DESC LIMIT $2",
            ReadTask, before, (long)max));

    /// <summary>
    /// The tasks of a POST, in an order that differs from that of its inputs and from that of its answer.
    /// </summary>
    public List<TaskRow> GetTasksOf(long post) => database.Read(d =>
        d.Query(
            $"SELECT {TaskColumns} FROM tasks t JOIN posts p ON p.seq = t.post WHERE t.post = $1 ORDER BY t.id",
            ReadTask, post));

    /// <summary>Whether any of these tasks of a POST has not called its webhook yet.</summary>
    public bool IsAnyUncalled(long post, IReadOnlyList<long> tasks) => database.Read(d =>
    {
        var uncalled = d.Query(
            "SELECT seq FROM tasks WHERE post = $1 AND calls = 0", r => r.GetInt64(0), post).ToHashSet();
        return tasks.Any(uncalled.Contains);
    });

    public PostRow? GetBatch(string id) => database.Read(d =>
        d.Query(
            "SELECT seq, id, is_batch, inputs, delivery, answered, created_at FROM posts WHERE "
                + "id = $1 AND is_batch = 1",
            ReadPost, id).SingleOrDefault());

    /// <summary>Up to <paramref name="max"/> batches below a sequence number, the newest first.</summary>
    public List<PostRow> GetBatches(long before, int max) => database.Read(d =>
        d.Query(
            "SELECT seq, id, is_batch, inputs, delivery, answered, created_at FROM posts WHERE seq < $1 AND is_batch = "
                + "1 ORDER BY seq DESC LIMIT $2",
            ReadPost, before, (long)max));

    /// <summary>Up to <paramref name="max"/> POSTs above a sequence number, in order.</summary>
    public List<PostRow> GetPosts(long after, int max) => database.Read(d =>
        d.Query(
            "SELECT seq, id, is_batch, inputs, delivery, answered, created_at FROM posts WHERE seq > "
                + "$1 ORDER BY seq LIMIT $2",
            ReadPost, after, (long)max));

    /// <summary>The URLs of a POST, in the order of its inputs. Second tasks of an input are left out.</summary>
    public List<string> GetUrlsOf(long post) => database.Read(d =>
        d.Query(
            "SELECT input ->> 'url' FROM tasks WHERE post = $1 AND ordinal < (SELECT inputs FROM posts WHERE "
                + "seq = $1) ORDER BY ordinal",
            r => r.GetString(0), post));

    public Progress GetProgress(PostRow post) => database.Read(d =>
    {
        var open = d.Scalar<long>("SELECT count(*) FROM tasks WHERE post = $1 AND state = 0", post.Seq);
        var last = open > 0 ? 0 : d.Scalar<long>("SELECT max(finished_at) FROM tasks WHERE post = $1", post.Seq);
        return new Progress(Math.Max(0, post.Inputs - (int)open), open > 0 ? null : Time(last));
    });

    /// <summary>The counts of all work. Reading them costs the same however many tasks there are.</summary>
    public TaskTotals GetTotals() => database.Read(d =>
        d.Query(
            "SELECT pending, success, error, batches, objects, calls, calls_taken FROM totals",
            r => new TaskTotals(
                r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3), r.GetInt64(4), r.GetInt64(5),
                r.GetInt64(6)))[0]);

    /// <summary>The number of open jobs.</summary>
    public long CountJobs() => database.Read(d => d.Scalar<long>("SELECT count(*) FROM jobs"));

    private static void EndJob(StatementCache d, Job job, IEnumerable<NextJob> next)
    {
        d.Execute("DELETE FROM jobs WHERE seq = $1", job.Seq);
        foreach (var following in next)
            AddJob(d, job.Task.Seq, following);
    }

    private static void AddJob(StatementCache d, long task, NextJob job) =>
        d.Execute(
            "INSERT INTO jobs (kind, due_at, task, attempt) VALUES ($1, $2, $3, $4)", (long)job.Kind,
            job.DueAt.ToUnixTimeMilliseconds(), task, (long)job.Attempt);

    private static TaskRow ReadTask(SqliteDataReader r) => new()
    {
        Seq = r.GetInt64(0),
        Id = r.GetString(1),
        BatchId = r.GetInt64(3) == 1 ? r.GetString(2) : null,
        Delivery = DeliveryRequest.FromText(r.GetString(4)),
        Input = r.GetString(5),
        Faults = TaskFaults.FromText(Text(r, 6)),
        State = (TaskState)r.GetInt32(7),
        CreatedAt = Time(r.GetInt64(8)),
        FinishedAt = r.IsDBNull(9) ? null : Time(r.GetInt64(9)),
        StatusCode = r.IsDBNull(10) ? null : r.GetInt32(10),
        Error = Text(r, 11),
        ErrorType = Text(r, 12),
        OutputUrl = Text(r, 13),
    };

    private static PostRow ReadPost(SqliteDataReader r) =>
        new(
            r.GetInt64(0), r.GetString(1), r.GetInt64(2) == 1, r.GetInt32(3), DeliveryRequest.FromText(r.GetString(4)),
            r.GetString(5), Time(r.GetInt64(6)));

    private static string? Text(SqliteDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
