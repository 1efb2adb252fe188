using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// Drops invented tasks from webhooks. Whoever has a submission's token can name any task, and each unknown one costs
/// an API request. If the POST's answer named a task for every input, no other task is looked up; otherwise, at most as
/// many as the submission has inputs. Sweep finds real results that are dropped here.
/// </summary>
internal sealed class HintFilter(ILedger ledger)
{
    // About 100 KB each; webhooks arrive for few submissions at a time.
    private const int MaxSubmissions = 16;

    private readonly Lock _lock = new();
    private readonly OrderedDictionary<(string SubmissionId, DateTimeOffset? AcceptedAt), Task<KnownTasks>> _known = [];

    /// <summary>Returns the message with the tasks worth looking up; null if there are none.</summary>
    public async Task<ResultMessage?> FilterAsync(
        SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        // Other hints come from the API itself, and a closed submission causes no API requests.
        if (message.DiscoveredBy != DiscoveredBy.Webhook
            || submission is { State: SubmissionState.Closed, IsUnproven: false })
            return message;
        var known = await GetAsync(submission).WaitAsync(cancellationToken);
        var named = message.Each().Select(one => one.TaskId).Distinct(StringComparer.Ordinal).ToList();
        var tasks = named.FindAll(known.Admits);
        PipelineMetrics.CountHints("foreign", named.Count - tasks.Count);
        return tasks.Count == 0
            ? null
            : message with { TaskId = tasks[0], Others = tasks.Count == 1 ? null : tasks[1..] };
    }

    private Task<KnownTasks> GetAsync(SubmissionEntry submission)
    {
        var key = (submission.SubmissionId, submission.AcceptedAt);
        lock (_lock)
        {
            // A failed read is retried.
            if (!_known.TryGetValue(key, out var known) || known.IsFaulted)
            {
                _known[key] = known = ReadAsync(submission);
                if (_known.Count > MaxSubmissions)
                    _known.RemoveAt(0);
            }
            return known;
        }
    }

    // Several callers may wait for this read, so no caller's token cancels it.
    private async Task<KnownTasks> ReadAsync(SubmissionEntry submission)
    {
        await Task.Yield();
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, CancellationToken.None);
        var isComplete = submission.Proof == PostProof.Answer && tasks.Count >= submission.Count;
        return new(tasks.Select(t => t.TaskId), isComplete ? 0 : submission.Count);
    }

    /// <summary>The known tasks of a submission.</summary>
    /// <param name="ids">Task ids in the ledger.</param>
    /// <param name="unknownAllowed">Number of unknown tasks still to be admitted.</param>
    private sealed class KnownTasks(IEnumerable<string> ids, int unknownAllowed)
    {
        private readonly HashSet<string> _ids = new(ids, StringComparer.Ordinal);
        private int _unknownAllowed = unknownAllowed;

        public bool Admits(string taskId)
        {
            lock (_ids)
            {
                if (_ids.Contains(taskId))
                    return true;
                if (_unknownAllowed == 0)
                    return false;
                _unknownAllowed--;
                return _ids.Add(taskId);
            }
        }
    }
}
