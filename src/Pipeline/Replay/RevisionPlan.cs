using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pipeline.Intake;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Outcomes;

namespace Pipeline.Replay;

/// <summary>A submission of a revision.</summary>
internal sealed record PlannedRevision(
    SubmissionEntry Entry, IReadOnlyList<InputEntry> Inputs, IReadOnlyList<TaskEntry> Tasks,
    IReadOnlyList<Failure> Failures);

/// <summary>
/// Plans a revision of a list: a submission for each of the list's, with the same tasks. The same list always gives the
/// same plan, so planning again after a kill creates nothing twice.
/// </summary>
/// <param name="revision">The list that gets the records.</param>
/// <param name="now">The time from which deadlines count.</param>
/// <param name="dueAt">When Sweep checks the results.</param>
internal sealed class RevisionPlan(ListEntry revision, DateTimeOffset now, DateTimeOffset dueAt)
{
    /// <summary>Number of inputs planned so far.</summary>
    public long Inputs { get; private set; }

    /// <summary>Number of submissions planned so far.</summary>
    public int Submissions { get; private set; }

    /// <summary>Plans one submission; null if all of its inputs moved to others.</summary>
    /// <param name="submission">A submission of the list.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="tasks">Its tasks.</param>
    public PlannedRevision? Add(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<TaskEntry> tasks)
    {
        List<InputEntry> kept = [.. inputs.Where(i => i.State != InputState.Moved)];
        if (kept.Count == 0)
            return null;
        Inputs += kept.Count;
        var id = SubmissionIds.Of(revision.ListId, Submissions++);
        var ordinals = kept.Index().ToDictionary(i => i.Item.Ordinal, i => i.Index);
        List<TaskEntry> again =
        [
            .. tasks
                .Where(t => t.Ordinal is { } ordinal && ordinals.ContainsKey(ordinal))
                .Select(t => new TaskEntry(t.TaskId, ordinals[t.Ordinal!.Value])),
        ];
        var readable = again.Select(t => t.Ordinal).ToHashSet();
        List<InputEntry> copies = [.. kept.Select((input, i) => Copy(id, input, i, readable.Contains(i)))];
        return new(
            Entry(id, submission, copies, again.Count > 0),
            copies,
            again,
            [.. copies.Where(i => i.Failure is not null).Select(FailureText.Read)]);
    }

    private SubmissionEntry Entry(
        string id, SubmissionEntry submission, List<InputEntry> copies, bool isReadable) =>
        isReadable
            ? SubmissionTransitions.PlanDelivered(
                id, revision.ListId, Submissions - 1, copies.Count, submission, now, dueAt)
            : SubmissionTransitions.PlanClosed(
                id, revision.ListId, Submissions - 1, copies.Count, OutcomeTally.Of(copies).ToString()) with
            {
                SharedInputs = submission.SharedInputs,
            };

    /// <summary>An input without a task keeps its failure: there is nothing to read.</summary>
    private InputEntry Copy(string submissionId, InputEntry input, int ordinal, bool isReadable)
    {
        var copy = new InputEntry
        {
            SubmissionId = submissionId,
            Ordinal = ordinal,
            Id = IdOf(input.Id),
            Url = input.Url,
            Input = input.Input,
            Kept = input.Kept,
            Line = input.Line,
        };
        if (isReadable || input.Failure is null)
            return copy;
        var failure = FailureText.Read(input) with
        {
            Id = copy.Id,
            ListId = revision.ListId,
            SubmissionId = submissionId,
        };
        return copy with
        {
            State = InputState.Failed,
            HttpStatus = input.HttpStatus,
            Reason = input.Reason,
            Failure = JsonSerializer.Serialize(failure, PipelineJson.Plain.Failure),
            FinishedAt = input.FinishedAt,
        };
    }

    private string IdOf(string inputId) => InputWriter.Format(
        BinaryPrimitives.ReadUInt128BigEndian(
            SHA256.HashData(Encoding.UTF8.GetBytes($"{revision.ListId}\nrevision\n{inputId}"))));
}
