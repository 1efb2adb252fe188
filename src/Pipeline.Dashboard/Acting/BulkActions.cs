using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Model.Actions;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Dashboard.Acting;

/// <summary>
/// Runs actions that outlast the request that asked for them, one at a time for each subject. The ledger knows how far
/// they are, so every process shows it. A process that stops cuts its actions short, which does no harm: to repeat one
/// continues it, and its page says so.
/// </summary>
internal sealed partial class BulkActions(IActionLedger ledger, TimeProvider time, ILogger<BulkActions> logger)
{
    private const int Kept = 100;

    // An action that ends this soon shows its result at once.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly LinkedList<BulkAction> _actions = [];

    /// <summary>The last action on a subject, of any process; null if there was none lately.</summary>
    public async Task<ActionReport?> FindAsync(string subject, CancellationToken cancellationToken)
    {
        var own = FindOwn(subject)?.ToEntry(time.GetUtcNow());
        var kept = own is { Result: null } ? null : await ledger.FindActionAsync(subject, cancellationToken);
        var last = kept is null || own?.StartedAt >= kept.StartedAt ? own : kept;
        return last is null ? null : ActionReport.From(last, time.GetUtcNow());
    }

    /// <summary>Changes whenever an action of this process begins, goes on or ends.</summary>
    public int Fingerprint()
    {
        var hash = new HashCode();
        lock (_lock)
            foreach (var action in _actions)
                hash.Add((action.Subject, action.StartedAt, action.Progress, action.Work.IsCompleted));
        return hash.ToHashCode();
    }

    /// <summary>
    /// Starts an action, unless one is under way on this subject, and waits a little for its end.
    /// </summary>
    /// <param name="subject">A list, or <see cref="ActionEntry.AllLists"/>.</param>
    /// <param name="title">What was asked for, for people.</param>
    /// <param name="work">Does it, and ends with what was done, in a sentence for people.</param>
    public async Task RunAsync(string subject, string title, Func<IProgress<BulkProgress>, Task<string>> work)
    {
        var own = FindOwn(subject);
        if (own is not { Work.IsCompleted: false } && await FindElsewhereAsync(subject, own) is not null)
            return;
        var action = Start(subject, title, work);
        await Task.WhenAny(action.Recorded, Task.Delay(Patience, time));
    }

    /// <summary>Finds an action that another process works on.</summary>
    private async Task<ActionEntry?> FindElsewhereAsync(string subject, BulkAction? own) =>
        await ledger.FindActionAsync(subject, CancellationToken.None) is { } other
            && !(own?.StartedAt >= other.StartedAt) && ActionReport.IsAlive(other, time.GetUtcNow())
            ? other
            : null;

    private BulkAction? FindOwn(string subject)
    {
        lock (_lock)
            return _actions.FirstOrDefault(action => action.Subject == subject);
    }

    private BulkAction Start(string subject, string title, Func<IProgress<BulkProgress>, Task<string>> work)
    {
        lock (_lock)
        {
            if (_actions.FirstOrDefault(action => action.Subject == subject) is { Work.IsCompleted: false } other)
                return other;
            var begin = new TaskCompletionSource<BulkAction>(TaskCreationOptions.RunContinuationsAsynchronously);
            var action = new BulkAction(subject, title, time.GetUtcNow())
            {
                Work = Task.Run(async () => await work(await begin.Task)),
            };
            action.Recorded = Task.Run(() => RecordAsync(action, () => begin.SetResult(action)));
            _actions.AddFirst(action);
            if (_actions.Count > Kept)
                _actions.RemoveLast();
            return action;
        }
    }

    /// <summary>Notes in the ledger that an action begins, how far it is, and how it ended.</summary>
    private async Task RecordAsync(BulkAction action, Action begin)
    {
        await WriteAsync(ledger.BeginActionAsync, action);
        begin();
        while (await Task.WhenAny(action.Work, Task.Delay(WriteEvery, time)) != action.Work)
            await WriteAsync(ledger.UpdateActionAsync, action);
        await WriteAsync(ledger.UpdateActionAsync, action);
    }

    private async Task WriteAsync(Func<ActionEntry, CancellationToken, Task> write, BulkAction action)
    {
        try
        {
            await write(action.ToEntry(time.GetUtcNow()), CancellationToken.None);
        }
        // The action itself goes on; only other processes do not see how far it is.
        catch (PipelineException problem)
        {
            LogNotKept(action.Subject, problem.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "How far the action on {Subject} is was not written to the ledger: {Reason}")]
    private partial void LogNotKept(string subject, string reason);
}
