using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>What a task's state is called outside.</summary>
internal static class TaskStates
{
    private static readonly string[] s_waiting = ["pending", "queued"];
    private static readonly string[] s_running = ["in_progress", "processing", "uploading"];
    private static readonly string[] s_good = ["success", "completed"];
    private static readonly string[] s_bad = ["error", "failed"];

    /// <summary>The word for the state. The documented vocabulary says <c>in_progress</c> only in a batch; the wild one has a word of its own for every task.</summary>
    public static string Name(TaskRow task, bool running, bool inBatch)
    {
        if (task.Faults.Wild)
            return Pick(task.State switch { TaskState.Success => s_good, TaskState.Error => s_bad, _ when running => s_running, _ => s_waiting }, task.Faults.Draw);
        return task.State switch
        {
            TaskState.Success => "success",
            TaskState.Error => "error",
            _ => running && inBatch ? "in_progress" : "pending",
        };
    }

    private static string Pick(string[] words, ulong draw) => words[draw % (ulong)words.Length];
}
