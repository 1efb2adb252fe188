using Pipeline.Model;
using Pipeline.Replay;

namespace Pipeline.Dashboard.Acting;

/// <summary>Something that somebody asked for and that may take long.</summary>
/// <param name="ListId">The list.</param>
/// <param name="Title">What was asked for, in a sentence for people.</param>
/// <param name="StartedAt">When, UTC.</param>
/// <param name="Work">Ends with what was done.</param>
internal sealed record BulkAction(string ListId, string Title, DateTimeOffset StartedAt, Task<ReplayCounts> Work)
{
    /// <summary>How far it is, in a sentence for people.</summary>
    public string Describe() => Work switch
    {
        { IsCompletedSuccessfully: true } => Describe(Work.Result),
        { IsFaulted: true } => Work.Exception.InnerException is PipelineException problem
            ? problem.Message
            : "It was cut short by an error. Repeat it: what was done is not done again.",
        { IsCanceled: true } => "It was cut short. Repeat it: what was done is not done again.",
        _ => "It is under way.",
    };

    private static string Describe(ReplayCounts counts) => counts == ReplayCounts.None
        ? "There was nothing to do."
        : $"Posted again: {counts.Resubmitted:N0}. Read again: {counts.Recollected:N0}. "
            + $"Found accepted: {counts.Found:N0}. Left: {counts.Left + counts.Undone:N0}."
            + (counts.Left > 0 ? " Those left can only be posted again, which costs." : "")
            + (counts.Problem is { } problem ? $" {problem}" : "");
}

/// <summary>
/// Runs actions that outlast the request that asked for them, one at a time for each list. A process that stops cuts
/// them short, which does no harm: to repeat one continues it.
/// </summary>
internal sealed class BulkActions(TimeProvider time)
{
    private const int Kept = 100;

    // An action that ends this soon shows its result at once.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly LinkedList<BulkAction> _actions = [];

    /// <summary>The last action on a list; null if there was none lately.</summary>
    public BulkAction? Find(string listId)
    {
        lock (_lock)
            return _actions.FirstOrDefault(action => action.ListId == listId);
    }

    /// <summary>
    /// Starts an action, unless one is under way on this list, and waits a little for its end.
    /// </summary>
    public async Task RunAsync(string listId, string title, Func<Task<ReplayCounts>> work)
    {
        var action = Start(listId, title, work);
        await Task.WhenAny(action.Work, Task.Delay(Patience, time));
    }

    private BulkAction Start(string listId, string title, Func<Task<ReplayCounts>> work)
    {
        lock (_lock)
        {
            if (_actions.FirstOrDefault(action => action.ListId == listId) is { Work.IsCompleted: false } other)
                return other;
            var action = new BulkAction(listId, title, time.GetUtcNow(), Task.Run(work));
            _actions.AddFirst(action);
            if (_actions.Count > Kept)
                _actions.RemoveLast();
            return action;
        }
    }
}
