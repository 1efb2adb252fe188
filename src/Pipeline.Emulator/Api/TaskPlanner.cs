using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>Makes the tasks of a POST, with their ids and faults.</summary>
internal sealed class TaskPlanner(EmulatorOptions options, TaskStore store, FaultInjector faults)
{
    private const int SecondTaskLaterMs = 300;

    /// <summary>The places of inputs that are not taken; at least one input is.</summary>
    public IReadOnlyList<int> NotTaken(Submission submission, long post) =>
        [.. Enumerable.Range(0, submission.IsBatch ? submission.Inputs.Count : 0)
            .Where(i => faults.Happens("post_partial", (post * SubmissionReader.MaxInputs) + i))
            .Take(submission.Inputs.Count - 1)];

    /// <summary>
    /// Gives ids and faults. Sequence numbers, and so the order of tasks in the answer, are shuffled: clients must not rely on it.
    /// Second tasks of an input stand behind all first ones.
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
            tasks.AddRange(SecondOnes(tasks));
        return (new(postSeq, batchId ?? tasks[0].Id, submission.IsBatch, count, submission.Delivery, answer, now), tasks);

        TaskRow Make(long seq, string input)
        {
            var settled = faults.ForTask(seq);
            return new()
            {
                Seq = seq,
                Id = TaskIdForms.New(settled.IdForm, settled.Draw),
                BatchId = batchId,
                Input = input,
                Delivery = submission.Delivery,
                Faults = settled,
                State = TaskState.Pending,
                CreatedAt = now,
            };
        }
    }

    private List<TaskRow> SecondOnes(List<TaskRow> tasks)
    {
        var twice = tasks.Index().Where(t => faults.Happens("task_twice", t.Item.Seq)).ToList();
        if (twice.Count == 0)
            return [];
        var next = store.ReserveTasks(twice.Count);
        return twice.ConvertAll(one =>
        {
            tasks[one.Index] = one.Item with { Faults = one.Item.Faults with { Fail = true, Never = false } };
            return one.Item with
            {
                Seq = next++,
                Id = TaskIdForms.New(one.Item.Faults.IdForm, one.Item.Faults.Draw),
                Faults = one.Item.Faults with { Fail = false, SlowMs = one.Item.Faults.SlowMs + SecondTaskLaterMs },
            };
        });
    }
}
