using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>
/// Wakes held submissions of cancelled lists, once in each process, so that Submit ends them. This also finds what a
/// crash left behind while a list was being cancelled.
/// </summary>
internal sealed class CancelledLists(HeldSubmissions held)
{
    private const int Kept = 1000;

    private readonly AsyncCache<bool> _done = new(Kept);

    /// <summary>Wakes what is held of a list, if it is cancelled.</summary>
    public async Task WakeAsync(ListEntry list, CancellationToken cancellationToken)
    {
        if (list.Steering != ListSteering.Cancelled || _done.TryGet(KeyOf(list), out _))
            return;
        await held.WakeAsync(list, cancellationToken);
        if (list.State == ListState.Open)
            _done.Set(KeyOf(list), true);
    }

    private static string KeyOf(ListEntry list) => $"{list.ListId}@{list.SteeredAt:O}";
}
