using Pipeline.Model;
using Pipeline.Model.Actions;

namespace Pipeline.Ports.Ledgers;

/// <summary>How far the actions are that people asked for on pages, the last one of each subject.</summary>
/// <remarks>If the store is unavailable, methods throw a transient <see cref="PipelineException"/>.</remarks>
internal interface IActionLedger
{
    /// <summary>How long an action is kept at least. When one begins, some older ones are removed.</summary>
    static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    /// <summary>Returns the last action on a subject; null if there was none lately.</summary>
    Task<ActionEntry?> FindActionAsync(string subject, CancellationToken cancellationToken);

    /// <summary>Notes that an action begins. It replaces the one before on its subject.</summary>
    Task BeginActionAsync(ActionEntry action, CancellationToken cancellationToken);

    /// <summary>Notes how far an action is. Does nothing if its subject was erased meanwhile.</summary>
    Task UpdateActionAsync(ActionEntry action, CancellationToken cancellationToken);
}
