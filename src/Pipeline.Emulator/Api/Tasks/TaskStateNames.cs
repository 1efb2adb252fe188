using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api.Tasks;

/// <summary>The names of task states in the API.</summary>
internal static class TaskStateNames
{
    private static readonly string[] Waiting = ["pending", "queued"];
    private static readonly string[] Running = ["in_progress", "processing", "uploading"];
    private static readonly string[] Good = ["success", "completed"];
    private static readonly string[] Bad = ["error", "failed"];

    /// <summary>
    /// The name of a task's state. The documented vocabulary has <c>in_progress</c> only inside a batch; the wild one
    /// draws one of several names for each task.
    /// </summary>
    public static string Name(TaskRow task, bool running, bool inBatch)
    {
        if (task.Faults.Wild)
            return WildName(task, running);
        return task.State switch
        {
            TaskState.Success => "success",
            TaskState.Error => "error",
            _ => running && inBatch ? "in_progress" : "pending",
        };
    }

    private static string WildName(TaskRow task, bool running)
    {
        var names = task.State switch
        {
            TaskState.Success => Good,
            TaskState.Error => Bad,
            _ => running ? Running : Waiting,
        };
        return names[task.Faults.Draw % (ulong)names.Length];
    }
}
