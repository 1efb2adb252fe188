using System.Globalization;
using Pipeline.Model;

namespace Pipeline.Reports.History;

/// <summary>Describes the history of an input in sentences.</summary>
internal static class HistorySteps
{
    /// <summary>What an input without an outcome waits for.</summary>
    public static string WaitOf(SubmissionEntry submission, WaitReports waits) =>
        (waits.All is [var first, ..] ? first.Describe() : null) ?? submission switch
        {
            { State: SubmissionState.Planned } => "It waits for its turn to be posted.",
            { State: SubmissionState.Posting } => "Its POST is under way.",
            { State: SubmissionState.Accepted } => "Nimble works on it, or its result is being collected."
                + (submission.DueAt is { } next ? $" The next check is at {Time(next)}." : ""),
            _ => "Sweep decides about it at its next check.",
        };

    /// <summary>What happened, in order.</summary>
    public static IReadOnlyList<HistoryStep> Of(
        ListEntry? list, InputEntry last, IReadOnlyList<(SubmissionEntry Submission, InputEntry Input)> places,
        IReadOnlyList<InputAttempt> attempts, Failure? failure, RecordFacts? record)
    {
        var steps = new List<HistoryStep>
        {
            new(list?.CreatedAt, "intake",
                $"Read from line {last.Line} of {list?.Source ?? "its list"}, list {places[0].Submission.ListId}."),
        };
        foreach (var ((submission, input), attempt) in places.Zip(attempts))
            steps.AddRange(Of(submission, input, attempt, list?.RevisionOf, record));
        if (failure is not null)
            steps.Add(new(last.FinishedAt, failure.Stage, $"Failed as {failure.Reason}: {failure.Message}"));
        if (last.State == InputState.Recorded)
            steps.Add(new(record?.CollectedAt ?? last.FinishedAt, "collect", Describe(last, record)));
        return steps;
    }

    private static IEnumerable<HistoryStep> Of(
        SubmissionEntry submission, InputEntry input, InputAttempt attempt, string? revisionOf, RecordFacts? record)
    {
        var inputs = Amount.Of(submission.Count, "input");
        if (revisionOf is not null)
            yield return new(submission.AcceptedAt, "collect",
                $"The result of list {revisionOf} is read again, in submission {submission.SubmissionId}; "
                    + "nothing was posted.");
        else if (submission.PostedAt is { } posted)
            yield return new(posted, "submit", Text(
                $"Posted in submission {submission.SubmissionId} with {inputs}, attempt {submission.Attempt}."));
        else
            yield return new(null, "submit", $"In submission {submission.SubmissionId} with {inputs}; never posted.");
        if (submission.FirstCallbackAt is { } called)
            yield return new(
                called, "nimble", "A webhook arrived while it was unknown whether Nimble had accepted it.");
        if (submission.AcceptedAt is { } accepted && revisionOf is null)
            yield return new(accepted, "nimble",
                (submission.BatchId is { } batch ? $"Accepted as batch {batch}" : "Accepted")
                + $"; proof: {ProofOf(submission.Proof)}." + TasksOf(attempt));
        else if (submission is { PostedAt: not null, Message: { } message })
            yield return new(null, "submit", message);
        if (attempt.DiscoveredBy is { } by)
            // The object was read after the report and before the outcome was stored.
            yield return new(
                record?.CollectedAt ?? input.FinishedAt, "collect",
                $"Result of task {input.TaskId} reported by {NameOf(by)}.");
        if (input.MovedTo is { } next)
            yield return new(null, "submit", $"Moved to submission {next}.");
    }

    private static string Describe(InputEntry input, RecordFacts? record)
    {
        var text = Text($"Record written{(input.HttpStatus is { } status ? $", HTTP {status}" : "")}.");
        return record is null
            ? text
            : text + (record.ObjectUri is { } uri ? Text($" Object {uri} of {record.ObjectBytes:N0} bytes.") : "")
                + Text($" Content {record.ContentBytes:N0} bytes, {record.ContentDigest}.");
    }

    private static string TasksOf(InputAttempt attempt) =>
        attempt.Tasks.Count == 0 ? "" : $" Task {string.Join(", ", attempt.Tasks)} works on this input.";

    /// <summary>What shows that Nimble accepted a submission, in words for people.</summary>
    public static string ProofOf(PostProof proof) => proof switch
    {
        PostProof.Answer => "the answer to the POST",
        PostProof.Objects => "an object under its prefix",
        PostProof.Callback => "a webhook on its path",
        PostProof.Echo => "the API's lists, which name its prefix or path",
        PostProof.Inputs => "a batch at the API with exactly its inputs",
        PostProof.Refusal => "the refusal of the POST",
        _ => "none",
    };

    private static string NameOf(DiscoveredBy by) => by switch
    {
        DiscoveredBy.Webhook => "a webhook",
        DiscoveredBy.Listing => "a listing of the bucket",
        _ => "Sweep, which asked the API",
    };

    private static string Time(DateTimeOffset time) => Text($"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
