using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work.Delivery;
using Pipeline.Emulator.Work.Results;

namespace Pipeline.Emulator.Work;

/// <summary>Runs a task: fetches its page, creates its result, delivers its object and schedules its webhook.</summary>
internal sealed partial class TaskRunner(
    TaskResults results, ObjectWriter objects, TaskStore store, JobSignals signals, RunningTasks running,
    TimeProvider time, FullDisk disk, ILogger<TaskRunner> logger)
{
    private static readonly TimeSpan RepeatDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Fetches the page, creates the result, delivers it unless a fault delays it, and stores the outcome.
    /// </summary>
    public async Task ExtractAsync(Job job, CancellationToken cancellationToken)
    {
        running.Add(job.Task.Seq);
        try
        {
            var (end, delivered, next) = await TryExtractAsync(job.Task, cancellationToken);
            next.AddRange(CallsFor(end));
            await store.FinishAsync(job, end, delivered, next);
            next.ForEach(n => signals.Wake(n.Kind));
        }
        finally
        {
            running.Remove(job.Task.Seq);
        }
    }

    /// <summary>Delivers an object that a fault delayed.</summary>
    public async Task DeliverAsync(Job job, CancellationToken cancellationToken)
    {
        var delivered = await TryWriteLateAsync(job, job.Task.Faults.Object, cancellationToken);
        List<NextJob> next = [];
        AddHeal(job.Task, next);
        await store.DeliveredAsync(job, delivered, next);
        next.ForEach(n => signals.Wake(n.Kind));
    }

    /// <summary>Replaces a damaged object with a good one.</summary>
    public async Task HealAsync(Job job, CancellationToken cancellationToken) =>
        await store.DeliveredAsync(job, await TryWriteLateAsync(job, damage: null, cancellationToken), []);

    private async Task<(TaskRow End, bool Delivered, List<NextJob> Next)> TryExtractAsync(
        TaskRow task, CancellationToken cancellationToken)
    {
        if (task.Faults.Fail)
            return (Failed(task, "injected", "Injected: the task failed."), false, []);
        try
        {
            return await FetchAndDeliverAsync(task, cancellationToken);
        }
        catch (PageFetchException error)
        {
            return (Failed(task, error.ErrorType, error.Message), false, []);
        }
        catch (DeliveryException error) when (!disk.Explains(error))
        {
            return (Failed(task, "storage_error", error.Message), false, []);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && !disk.Explains(error))
        {
            // End the task, so that a page that breaks a parser does not break it again after every restart.
            LogTaskFailed(logger, error, task.Id, task.Input);
            return (Failed(task, "internal_error", $"The emulator failed: {error.Message}"), false, []);
        }
    }

    private async Task<(TaskRow End, bool Delivered, List<NextJob> Next)> FetchAndDeliverAsync(
        TaskRow task, CancellationToken cancellationToken)
    {
        List<NextJob> next = [];
        var code = await results.MakeAsync(task, cancellationToken);
        var address = DeliveryAddress.Of(task);
        var end = task with
        {
            State = TaskState.Success,
            StatusCode = code,
            OutputUrl = address?.ToString(),
            FinishedAt = time.GetUtcNow(),
        };
        if (address is null)
            return (end, false, next);
        if (task.Faults.ObjectLateMs > 0)
        {
            next.Add(new(JobKind.Deliver, time.GetUtcNow().AddMilliseconds(task.Faults.ObjectLateMs)));
            return (end, false, next);
        }
        var delivered = await objects.WriteAsync(task, address, task.Faults.Object, cancellationToken);
        AddHeal(task, next);
        return (end with { FinishedAt = time.GetUtcNow() }, delivered, next);
    }

    private async Task<bool> TryWriteLateAsync(Job job, string? damage, CancellationToken cancellationToken)
    {
        try
        {
            return await objects.WriteAsync(job.Task, DeliveryAddress.Of(job.Task)!, damage, cancellationToken);
        }
        catch (DeliveryException error) when (!disk.Explains(error))
        {
            // The task has already succeeded. A client must cope with an object that never arrives.
            return false;
        }
    }

    private void AddHeal(TaskRow task, List<NextJob> next)
    {
        if (task.Faults is { Object: not null, ObjectHealMs: > 0 })
            next.Add(new(JobKind.Heal, time.GetUtcNow().AddMilliseconds(task.Faults.ObjectHealMs)));
    }

    private IEnumerable<NextJob> CallsFor(TaskRow task)
    {
        if (task.Delivery.CallbackUrl is null || task.Faults.WebhookLost)
            yield break;
        var due = time.GetUtcNow().AddMilliseconds(task.Faults.WebhookLateMs);
        yield return new(JobKind.Call, due);
        if (task.Faults.WebhookRepeat)
            yield return new(JobKind.Call, due + RepeatDelay);
    }

    private TaskRow Failed(TaskRow task, string type, string message) =>
        task with { State = TaskState.Error, ErrorType = type, Error = message, FinishedAt = time.GetUtcNow() };

    [LoggerMessage(
        Level = LogLevel.Error, Message = "Task {TaskId} failed because of a bug in the emulator. Its input: {Input}")]
    private static partial void LogTaskFailed(ILogger logger, Exception error, string taskId, string input);
}
