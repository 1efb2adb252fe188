using System.Collections.Concurrent;
using Pipeline.Model;

namespace Pipeline.Stores.Local;

/// <summary>
/// The one writer of a process: everything that waits is run in one transaction, so that many small writes pay for one commit. One that fails leaves no
/// trace and does not fail the others: they are run again, each by itself. So a write may run twice, and only its last run counts.
/// When the writer itself breaks (a failed rollback, a file that is gone), every waiting and later write fails with that cause.
/// </summary>
internal sealed class SqlWriter : IAsyncDisposable
{
    private const int MaxBatch = 256;

    private readonly BlockingCollection<Work> _waiting = [];
    private readonly SqlSession _session;
    private readonly string _path;
    private readonly Task _loop;
    private bool? _full;
    private volatile Exception? _broken;

    public SqlWriter(SqlSession session, string path)
    {
        _session = session;
        _path = path;
        _loop = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Queues a write. The task ends when it is committed, failed, or was cancelled before it began; never while it may still run.</summary>
    /// <param name="write">Runs on the writer's thread within a transaction.</param>
    /// <param name="durable">Whether it must survive a loss of power, and not only the end of the process.</param>
    /// <param name="cancellationToken">Withdraws it while it waits.</param>
    public Task<T> WriteAsync<T>(Func<SqlSession, T> write, bool durable, CancellationToken cancellationToken)
    {
        var work = new Work<T>(write, durable, cancellationToken);
        if (_broken is { } cause)
            return Task.FromException<T>(cause);
        try
        {
            _waiting.Add(work, CancellationToken.None);
        }
        catch (InvalidOperationException) when (_waiting.IsAddingCompleted)
        {
            throw new ObjectDisposedException(nameof(LocalDatabase));
        }
        return work.Task;
    }

    /// <summary>Finishes what waits, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.CompleteAdding();
        await _loop;
        _waiting.Dispose();
        _session.Dispose();
    }

    private void Run()
    {
        var batch = new List<Work>();
        // A broken writer goes on taking work, only to fail it: nobody may wait for ever.
        foreach (var first in _waiting.GetConsumingEnumerable())
        {
            batch.Add(first);
            while (batch.Count < MaxBatch && _waiting.TryTake(out var next))
                batch.Add(next);
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
        // A rollback or a close that fails leaves a transaction in an unknown state: nothing more may be written.
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
        LocalErrors.Translate(error, _path) is PipelineException { StopsHost: true } known ? known : PipelineException.StoreStops(
            FailureReasons.Unavailable,
            $"The state '{_path}' can no longer be written ({error.Message}). Run the same command again to continue; "
            + "nothing that was reported as done is lost.",
            error);

    private void Commit(List<Work> batch)
    {
        // SQLite writes on into a file that was removed, and all of that would be lost.
        if (!File.Exists(_path))
            throw LocalErrors.Gone(_path);
        if (!TryCommit(batch))
        {
            // One of them failed, and the others with it: each is run by itself.
            foreach (var work in batch)
                TryCommit([work]);
        }
    }

    /// <summary>Runs writes in one transaction.</summary>
    /// <returns>False when one of several failed and nothing was written; else each knows how it ended.</returns>
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
        // Whatever it is, it belongs to those who wait; the writer goes on with the next batch.
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

    // NORMAL keeps every commit through the end of the process; FULL syncs the log too. https://www.sqlite.org/pragma.html#pragma_synchronous
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

        /// <summary>Whether it is committed, or known to have failed; a writer that breaks later changes neither.</summary>
        public bool IsSettled { get; private set; }

        /// <summary>Asked once, before it would run, so that what was skipped is what is reported as cancelled.</summary>
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

    private sealed class Work<T>(Func<SqlSession, T> write, bool durable, CancellationToken cancellationToken) : Work(durable, cancellationToken)
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
