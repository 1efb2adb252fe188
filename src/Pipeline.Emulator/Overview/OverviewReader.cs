using Pipeline.Emulator.Api;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work;
using Pipeline.Emulator.Work.Delivery;

namespace Pipeline.Emulator.Overview;

/// <summary>Reads the content of the page: totals, and the newest rows of each kind.</summary>
internal sealed class OverviewReader(
    TaskStore store, RunningTasks running, BucketStore buckets, StorageSettings storage, WebhookLog webhooks,
    FaultInjector faults, TimeProvider time)
{
    private const int Rows = 15;

    private static readonly (string Title, string[] Starts)[] Groups =
    [
        ("Requests to the API", ["seed", "post", "refusal", "get", "reply", "retry"]),
        ("Webhooks", ["webhook"]),
        ("Tasks and results", ["task", "null", "batch", "echo", "result"]),
        ("Objects", ["object"]),
        ("Reads from the buckets", ["store"]),
        ("Hostile answers", ["hostile"]),
    ];

    public OverviewModel Read(string address, IReadOnlyList<RequestCount> requests) => new()
    {
        Address = address,
        Now = time.GetUtcNow(),
        Totals = store.GetTotals(),
        Running = running.Count,
        Tasks = [.. store.GetTasks(long.MaxValue, Rows).Select(task => (task, StateOf(task)))],
        Batches = [.. store.GetBatches(long.MaxValue, Rows).Select(batch => (batch, store.GetProgress(batch)))],
        Objects = buckets.Newest(Rows),
        DeliversOutside = storage.S3Outside || storage.GcsOutside,
        Webhooks = webhooks.Calls,
        Requests = requests,
        Faults = [.. Groups.Select(group => (group.Title, LinesOf(group.Starts)))],
    };

    private string StateOf(TaskRow task) => TaskStateNames.Name(task, running.Contains(task.Seq), inBatch: true);

    private IReadOnlyList<FaultLine> LinesOf(string[] starts) =>
        [
            .. FaultCatalog.All.Where(kind => starts.Contains(kind.Name.Split('_')[0])).Select(kind => new FaultLine(
                kind, faults.Current.Faults.GetValueOrDefault(kind.Name), faults.Used(kind.Name)))];
}
