using Pipeline.Model;
using Pipeline.Model.Actions;

namespace Pipeline.Ports.Ledgers;

/// <summary>The progress of actions that people requested on pages: the last one for each subject.</summary>
/// <remarks>If the store is unavailable, methods throw a transient <see cref="PipelineException"/>.</remarks>
internal interface IActionLedger
{
    /// <summary>Minimum time for which an action is kept. When one begins, some older ones are removed.</summary>
    static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    /// <summary>Returns the last action on a subject; null if there was none recently.</summary>
    Task<ActionEntry?> FindActionAsync(string subject, CancellationToken cancellationToken);

    /// <summary>Notes that an action begins. It replaces the previous one on its subject.</summary>
    Task BeginActionAsync(ActionEntry action, CancellationToken cancellationToken);

    /// <summary>Notes an action's progress. Does nothing if its subject was erased meanwhile.</summary>
    Task UpdateActionAsync(ActionEntry action, CancellationToken cancellationToken);
}
