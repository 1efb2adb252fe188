using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>The names of task states in the API.</summary>
internal static class TaskStateNames
{
    private static readonly string[] s_waiting = ["pending", "queued"];
    private static readonly string[] s_running = ["in_progress", "processing", "uploading"];
    private static readonly string[] s_good = ["success", "completed"];
    private static readonly string[] s_bad = ["error", "failed"];

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
            TaskState.Success => s_good,
            TaskState.Error => s_bad,
            _ => running ? s_running : s_waiting,
        };
        return names[task.Faults.Draw % (ulong)names.Length];
    }
}
