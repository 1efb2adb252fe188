using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports.History;

/// <summary>Reads the whole history of inputs.</summary>
internal sealed class HistoryReader(IInputIndex index, ILedger ledger, RecordFactsReader facts, TimeProvider time)
{
    /// <summary>Maximum number of inputs that are explained at once.</summary>
    public const int MaxInputs = 20;

    /// <summary>Explains the inputs that a query finds.</summary>
    public async Task<Explanation> ExplainAsync(InputQuery query, CancellationToken cancellationToken)
    {
        var found = await index.FindAsync(query, MaxInputs, cancellationToken);
        var histories = new List<InputHistory>();
        // An input that moved is found in each of its submissions.
        foreach (var same in found.Inputs.GroupBy(input => (SubmissionIds.ListOf(input.SubmissionId), input.Id)))
            histories.Add(await ReadAsync(same.First(), cancellationToken));
        return new(histories, found.IsComplete, found.IsExact
            ? null
            : "Nimble has not said yet which input this task works on. It is one of these, which have no outcome.");
    }

    /// <summary>
    /// Explains what a person typed: a URL, an id, a task or a batch. Null if the text is none of them.
    /// </summary>
    public async Task<Explanation?> ExplainAsync(string text, string? listId, CancellationToken cancellationToken)
    {
        var explanation = (Explanation?)null;
        foreach (var key in KeysOf(text))
        {
            var next = await ExplainAsync(new InputQuery(key, text, listId), cancellationToken);
            explanation = next with { IsComplete = next.IsComplete && explanation?.IsComplete != false };
            if (next.Inputs.Count > 0)
                break;
        }

        return explanation;
    }

    private static IEnumerable<InputKey> KeysOf(string text)
    {
        if (text.Contains("://", StringComparison.Ordinal))
            return [InputKey.Url];
        if (!TaskIds.IsWellFormed(text))
            return [];
        return text.Length == 32 && text.All(char.IsAsciiHexDigitLower)
            ? [InputKey.Id, InputKey.Task, InputKey.Batch]
            : [InputKey.Task, InputKey.Batch, InputKey.Url];
    }

    private async Task<InputHistory> ReadAsync(InputEntry found, CancellationToken cancellationToken)
    {
        var places = await FollowAsync(found, cancellationToken);
        var (submission, input) = places[^1];
        var listId = submission.ListId;
        var list = await ledger.GetListAsync(listId, cancellationToken);
        var attempts = new List<InputAttempt>();
        foreach (var place in places)
            attempts.Add(await DescribeAsync(place.Submission, place.Input, cancellationToken));
        var record = await facts.ReadAsync(listId, input, cancellationToken);
        var failure = input is { State: InputState.Failed } ? FailureText.Read(input) : null;
        var waits = new WaitReports(time.GetUtcNow());
        waits.Add(submission, inputs: 1);
        return new()
        {
            Id = input.Id,
            ListId = listId,
            Source = list?.Source,
            Line = input.Line,
            Url = input.Url,
            Input = input.Input,
            State = input.State.ToString().ToLowerInvariant(),
            Attempts = attempts,
            WaitsFor = input.State == InputState.Waiting ? HistorySteps.WaitOf(submission, waits) : null,
            Failure = failure,
            Record = record,
            Steps = HistorySteps.Of(list, input, places, attempts, failure, record),
        };
    }

    /// <summary>Follows an input through its submissions, from the first to the last.</summary>
    private async Task<IReadOnlyList<(SubmissionEntry Submission, InputEntry Input)>> FollowAsync(
        InputEntry found, CancellationToken cancellationToken)
    {
        var places = new LinkedList<(SubmissionEntry Submission, InputEntry Input)>();
        var submission = await RequireAsync(found.SubmissionId, cancellationToken);
        places.AddFirst((submission, found));
        for (var first = submission; first.RepeatOf is { } before && places.Count < MaxInputs;)
        {
            first = await RequireAsync(before, cancellationToken);
            if (await FindAsync(first.SubmissionId, found.Id, cancellationToken) is { } earlier)
                places.AddFirst((first, earlier));
        }

        for (var last = found; last.MovedTo is { } next && places.Count < MaxInputs;)
        {
            if (await FindAsync(next, found.Id, cancellationToken) is not { } later)
                break;
            places.AddLast((await RequireAsync(next, cancellationToken), last = later));
        }

        return [.. places];
    }

    private async Task<InputEntry?> FindAsync(string submissionId, string id, CancellationToken cancellationToken) =>
        (await ledger.GetInputsAsync(submissionId, cancellationToken)).FirstOrDefault(input => input.Id == id);

    private async Task<SubmissionEntry> RequireAsync(string submissionId, CancellationToken cancellationToken) =>
        await ledger.GetSubmissionAsync(submissionId, cancellationToken)
        ?? throw new InvalidOperationException($"Submission {submissionId} has inputs but no entry.");

    private async Task<InputAttempt> DescribeAsync(
        SubmissionEntry submission, InputEntry input, CancellationToken cancellationToken)
    {
        var tasks = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken))
            .Where(task => task.Ordinal == input.Ordinal || task.TaskId == input.TaskId)
            .Select(task => task.TaskId);
        return new(
            submission.SubmissionId, input.Ordinal, submission.Attempt, submission.State, submission.PostedAt,
            submission.AcceptedAt, submission.Proof == PostProof.None ? null : submission.Proof, submission.BatchId,
            [.. tasks], input.TaskId, input.DiscoveredBy == DiscoveredBy.None ? null : input.DiscoveredBy,
            input.HttpStatus, input.FinishedAt, input.MovedTo);
    }
}
