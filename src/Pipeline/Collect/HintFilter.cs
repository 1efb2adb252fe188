
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// Drops what webhooks make up. Whoever has a submission's token can name any task, and each unknown one costs a question to the API. Where the POST's
/// answer named as many tasks as it has inputs, no other is asked about; elsewhere as many as the submission has inputs. Sweep finds what is dropped here.
/// </summary>
internal sealed class HintFilter(ILedger ledger)
{
    // About 100 KB each; webhooks come for few submissions at a time.
    private const int Kept = 16;

    private readonly Lock _lock = new();
    private readonly OrderedDictionary<(string SubmissionId, DateTimeOffset? AcceptedAt), Task<KnownTasks>> _known = [];

    /// <summary>The message with the tasks that are worth a look; null when there is none.</summary>
    public async Task<ResultMessage?> FilterAsync(SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        // Other hints come from the API itself; and nothing is asked about a closed submission.
        if (message.DiscoveredBy != DiscoveredBy.Webhook || submission is { State: SubmissionState.Closed, IsUnproven: false })
            return message;
        var known = await ForAsync(submission).WaitAsync(cancellationToken);
        var tasks = message.Each().Select(one => one.TaskId).Distinct(StringComparer.Ordinal).Where(known.Admits).ToList();
        return tasks.Count == 0 ? null : message with { TaskId = tasks[0], Others = tasks.Count == 1 ? null : tasks[1..] };
    }

    private Task<KnownTasks> ForAsync(SubmissionEntry submission)
    {
        var key = (submission.SubmissionId, submission.AcceptedAt);
        lock (_lock)
        {
            // What failed is tried again.
            if (!_known.TryGetValue(key, out var known) || known.IsFaulted)
            {
                _known[key] = known = ReadAsync(submission);
                if (_known.Count > Kept)
                    _known.RemoveAt(0);
            }
            return known;
        }
    }

    // For all who wait for it, so it is not cancelled with one of them.
    private async Task<KnownTasks> ReadAsync(SubmissionEntry submission)
    {
        await Task.Yield();
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, CancellationToken.None);
        var isComplete = submission.Proof == PostProof.Answer && tasks.Count >= submission.Count;
        return new(tasks.Select(t => t.TaskId), isComplete ? 0 : submission.Count);
    }

    private sealed class KnownTasks(IEnumerable<string> ids, int more)
    {
        private readonly HashSet<string> _ids = new(ids, StringComparer.Ordinal);
        private int _more = more;

        public bool Admits(string taskId)
        {
            lock (_ids)
            {
                if (_ids.Contains(taskId))
                    return true;
                if (_more == 0)
                    return false;
                _more--;
                return _ids.Add(taskId);
            }
        }
    }
}
