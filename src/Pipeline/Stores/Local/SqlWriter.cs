using System.Threading.Channels;
using Pipeline.Model;

namespace Pipeline.Stores.Local;

/// <summary>
/// The single writer of a process. It runs all waiting writes in one transaction, so that many small writes share one
/// commit. A failed write leaves no trace and does not fail the others, which run again one by one. So a write may run
/// twice, and only its last run counts. If the writer itself breaks (a failed rollback, a missing file), all waiting
/// and later writes fail with that cause.
/// </summary>
internal sealed class SqlWriter : IAsyncDisposable
{
    private const int MaxBatch = 256;

    private readonly Channel<Work> _waiting = Channel.CreateUnbounded<Work>(new() { SingleReader = true });
    private readonly SqlSession _session;
    private readonly string _path;
    private readonly Task _loop;
    private bool? _full;
    private volatile Exception? _broken;

    public SqlWriter(SqlSession session, string path)
    {
        _session = session;
        _path = path;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>
    /// Queues a write. The task ends when the write is committed, has failed, or was cancelled before it started; never
    /// while it may still run.
    /// </summary>
    /// <param name="write">Runs in the writer in a transaction.</param>
    /// <param name="durable">Whether it must survive a power loss, and not only the end of the process.</param>
    /// <param name="cancellationToken">Cancels the write while it waits.</param>
    public Task<T> WriteAsync<T>(Func<SqlSession, T> write, bool durable, CancellationToken cancellationToken)
    {
        var work = new Work<T>(write, durable, cancellationToken);
        if (_broken is { } cause)
            return Task.FromException<T>(cause);
        ObjectDisposedException.ThrowIf(!_waiting.Writer.TryWrite(work), typeof(LocalDatabase));
        return work.Task;
    }

    /// <summary>Finishes the waiting writes, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _loop;
        _session.Dispose();
    }

    private async Task RunAsync()
    {
        var batch = new List<Work>();
        // A broken writer continues to take work in order to fail it, so that no caller waits forever.
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && _waiting.Reader.TryRead(out var work))
                batch.Add(work);
            Finish(batch);
            batch.Clear();
        }
    }

    private void Finish(List<Work> batch)
    {
        try
        {
            if (_broken is null)
                Commit(batch);
        }
        // A failed rollback or close leaves the transaction in an unknown state: nothing more may be written.
        catch (Exception error)
        {
            _broken = Describe(error);
        }
        foreach (var work in batch)
        {
            if (_broken is { } cause && !work.IsSettled)
                work.Fail(cause);
            work.Complete();
        }
    }

    private PipelineException Describe(Exception error) =>
        LocalErrors.Translate(error, _path) is PipelineException { StopsHost: true } known
            ? known
            : PipelineException.StoreStops(
            FailureReasons.Unavailable,
            $"The state '{_path}' can no longer be written ({LocalErrors.WordsOf(error)}). Run the same command again "
            + "to continue; nothing that was reported as done is lost.",
            error);

    private void Commit(List<Work> batch)
    {
        // SQLite continues to write to a removed file, and those writes would be lost.
        if (!File.Exists(_path))
            throw LocalErrors.Gone(_path);
        if (!TryCommit(batch))
        {
            // One write failed the transaction, so each runs in its own.
            foreach (var work in batch)
                TryCommit([work]);
        }
    }

    /// <summary>Runs writes in one transaction.</summary>
    /// <returns>
    /// False if one of several writes failed and nothing was written. Otherwise each write has its result or error.
    /// </returns>
    private bool TryCommit(List<Work> batch)
    {
        var running = false;
        try
        {
            SetSynchronous(batch.Exists(work => work.Durable));
            _session.Execute("BEGIN IMMEDIATE");
            running = true;
            foreach (var work in batch)
            {
                if (!work.IsCancelled)
                    work.Run(_session);
            }
            running = false;
            _session.End(commit: true);
            _session.Execute("COMMIT");
            batch.ForEach(work => work.Settle());
            return true;
        }
        // The error goes to the waiting callers, and the writer continues with the next batch.
        catch (Exception error)
        {
            RollBack();
            if (running && batch.Count > 1)
                return false;
            var translated = LocalErrors.Translate(error, _path);
            batch.ForEach(work => work.Fail(translated));
            return true;
        }
    }

    private void RollBack()
    {
        _session.End(commit: false);
        if (_session.InTransaction)
            _session.Script("ROLLBACK");
    }

    // With NORMAL, commits survive the end of the process. FULL also syncs the log.
    // https://www.sqlite.org/pragma.html#pragma_synchronous
    private void SetSynchronous(bool full)
    {
        if (full == _full)
            return;
        _session.Script(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        _full = full;
    }

    private abstract class Work(bool durable, CancellationToken cancellationToken)
    {
        public bool Durable => durable;

        /// <summary>Whether it is committed or has failed. A writer that breaks later does not change this.</summary>
        public bool IsSettled { get; private set; }

        /// <summary>
        /// Read once, before the write would run, so that exactly the skipped writes are reported as cancelled.
        /// </summary>
        public bool IsCancelled => Cancelled = cancellationToken.IsCancellationRequested;

        protected bool Cancelled { get; private set; }

        protected Exception? Error { get; private set; }

        protected CancellationToken Token => cancellationToken;

        public void Settle() => IsSettled = true;

        public void Fail(Exception error)
        {
            Error ??= error;
            Settle();
        }

        public abstract void Run(SqlSession session);

        public abstract void Complete();
    }

    private sealed class Work<T>(Func<SqlSession, T> write, bool durable, CancellationToken cancellationToken)
        : Work(durable, cancellationToken)
    {
        private readonly TaskCompletionSource<T> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Task => _end.Task;

        public override void Run(SqlSession session) => _result = write(session);

        public override void Complete()
        {
            if (Cancelled)
                _end.SetCanceled(Token);
            else if (Error is not null)
                _end.SetException(Error);
            else
                _end.SetResult(_result);
        }
    }
}
