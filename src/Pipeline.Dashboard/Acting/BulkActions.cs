namespace Pipeline.Dashboard.Acting;

/// <summary>
/// Runs actions that outlast the request that asked for them, one at a time for each subject. A process that stops cuts
/// them short, which does no harm: to repeat one continues it.
/// </summary>
internal sealed class BulkActions(TimeProvider time)
{
    private const int Kept = 100;

    // An action that ends this soon shows its result at once.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<BulkAction> _actions = [];

    /// <summary>The last action on a subject; null if there was none lately.</summary>
    public BulkAction? Find(string subject)
    {
        lock (_lock)
            return _actions.FirstOrDefault(action => action.Subject == subject);
    }

    /// <summary>Changes whenever an action begins, goes on or ends.</summary>
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
    /// <param name="subject">A list, or <see cref="BulkAction.AllLists"/>.</param>
    /// <param name="title">What was asked for, for people.</param>
    /// <param name="work">Does it, and ends with what was done, in a sentence for people.</param>
    public async Task RunAsync(string subject, string title, Func<IProgress<BulkProgress>, Task<string>> work)
    {
        var action = Start(subject, title, work);
        await Task.WhenAny(action.Work, Task.Delay(Patience, time));
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
            begin.SetResult(action);
            _actions.AddFirst(action);
            if (_actions.Count > Kept)
                _actions.RemoveLast();
            return action;
        }
    }
}
