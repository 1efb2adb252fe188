using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api.Tasks;

/// <summary>Creates the tasks of a POST, with their ids and faults.</summary>
internal sealed class TaskPlanner(EmulatorOptions options, TaskStore store, FaultInjector faults)
{
    private const int SecondTaskDelayMs = 300;

    /// <summary>Draws the indexes of the inputs to reject. At least one input is accepted.</summary>
    public IReadOnlyList<int> DrawRejected(Submission submission, long post) =>
        [.. Enumerable.Range(0, submission.IsBatch ? submission.Inputs.Count : 0)
            .Where(i => faults.Happens("post_partial", (post * SubmissionReader.MaxInputs) + i))
            .Take(submission.Inputs.Count - 1)];

    /// <summary>
    /// Creates the POST and its tasks. Sequence numbers are shuffled, and so is the order of tasks in the answer,
    /// because clients must not rely on it. Second tasks of an input come after all first ones.
    /// </summary>
    public (PostRow Post, List<TaskRow> Tasks) Plan(Submission submission, string answer)
    {
        var now = options.Time.GetUtcNow();
        var count = submission.Inputs.Count;
        var (postSeq, first) = store.Reserve(count);
        var order = Enumerable.Range(0, count).OrderBy(i => faults.Draw("order", first + i)).ToArray();
        if (order.Length > 1 && order.SequenceEqual(order.Order()))
            Array.Reverse(order);
        var batchId = submission.IsBatch ? TaskIdForms.New() : null;
        var tasks = submission.Inputs.Select((input, i) => Make(first + order[i], input)).ToList();
        if (submission.IsBatch)
            tasks.AddRange(MakeSecondTasks(tasks));
        return (
            new(postSeq, batchId ?? tasks[0].Id, submission.IsBatch, count, submission.Delivery, answer, now), tasks);

        TaskRow Make(long seq, string input)
        {
            var taskFaults = faults.ForTask(seq, faults.IsHostile && HostileMark.IsOn(input));
            return new()
            {
                Seq = seq,
                Id = TaskIdForms.New(taskFaults.IdForm, taskFaults.Draw),
                BatchId = batchId,
                Input = input,
                Delivery = submission.Delivery,
                Faults = taskFaults,
                State = TaskState.Pending,
                CreatedAt = now,
            };
        }
    }

    /// <summary>
    /// Creates a second task for each input drawn by <c>task_twice</c>, and makes its first task fail.
    /// </summary>
    private List<TaskRow> MakeSecondTasks(List<TaskRow> tasks)
    {
        var drawn = tasks.Index().Where(t => faults.Happens("task_twice", t.Item.Seq)).ToList();
        if (drawn.Count == 0)
            return [];
        var nextSeq = store.ReserveTasks(drawn.Count);
        return drawn.ConvertAll(first =>
        {
            var (index, task) = first;
            tasks[index] = task with { Faults = task.Faults with { Fail = true, Never = false } };
            return task with
            {
                Seq = nextSeq++,
                Id = TaskIdForms.New(task.Faults.IdForm, task.Faults.Draw),
                Faults = task.Faults with { Fail = false, SlowMs = task.Faults.SlowMs + SecondTaskDelayMs },
            };
        });
    }
}
