using System.Text.Json;
using Pipeline.Emit;
using Pipeline.Ledger;

namespace Pipeline.Intake;

/// <summary>A submission with its inputs; for bad lines with their failures.</summary>
internal sealed record PlannedSubmission(SubmissionEntry Entry, IReadOnlyList<InputEntry> Inputs, IReadOnlyList<Failure> Failures);

/// <summary>
/// Cuts the items of a list into submissions, in their order; bad lines go into closed submissions of their own, numbered in the same sequence.
/// The same list gives the same submissions every time: what was planned before a crash is found again, not doubled.
/// </summary>
internal sealed class SubmissionPlanner(ListInspection list, DateTimeOffset createdAt, DateTimeOffset dueAt, int maxInputs) : IDisposable
{
    private const int MaxBadLines = 1000;

    private readonly InputWriter _writer = new(list.ListId, list.Shared);
    private readonly DuplicateFilter _seen = new(list.Valid);
    private readonly Dictionary<string, int> _urls = new(StringComparer.Ordinal);
    private readonly List<Good> _good = [];
    private readonly List<(string Id, ListItem Item, string Problem)> _bad = [];
    private long _items;

    /// <summary>Inputs planned so far, bad lines among them, without duplicates.</summary>
    public long Inputs { get; private set; }

    /// <summary>Duplicates dropped so far.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Bad lines so far.</summary>
    public long Invalid { get; private set; }

    /// <summary>Submissions cut so far.</summary>
    public int Submissions { get; private set; }

    /// <summary>Takes an item; returns a submission once one is full.</summary>
    public PlannedSubmission? Add(in ListItem item)
    {
        if (++_items > list.Inputs)
            throw ListChanged(list.ListId);
        if (item.ErrorWith(list.Shared) is { } problem)
        {
            _bad.Add((InputWriter.Format(_writer.IdentifyBad(item)), item with { Fields = default }, problem));
            Invalid++;
            Inputs++;
            return _bad.Count == MaxBadLines ? CutBad() : null;
        }
        var id = _writer.Identify(item);
        if (!_seen.Add(id))
        {
            Duplicates++;
            return null;
        }
        var hasTag = list.Shared.HasTag || (item.Fields.ValueKind == JsonValueKind.Object && item.Fields.TryGetProperty("tag"u8, out _));
        _good.Add(new(InputWriter.Format(id), item.Url ?? list.Shared.Url!, _writer.Post(item), item.Line, hasTag));
        Inputs++;
        return _good.Count == maxInputs ? CutGood() : null;
    }

    /// <summary>The last submissions, not full.</summary>
    public IEnumerable<PlannedSubmission> Finish()
    {
        if (_good.Count > 0)
            yield return CutGood();
        if (_bad.Count > 0)
            yield return CutBad();
    }

    /// <summary>The content is not what was inspected.</summary>
    public static PipelineException ListChanged(string listId) => PipelineException.Permanent(FailureReasons.InvalidInput,
        $"The list {listId} changed while it was being read. Leave it alone until it is planned, and submit it again under another name or id.");

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private PlannedSubmission CutGood()
    {
        var submission = NextId();
        _urls.Clear();
        foreach (var good in _good)
            _urls[good.Url] = _urls.GetValueOrDefault(good.Url) + 1;
        // Results of one URL under several countries look alike. A tag is echoed, so it tells them apart; a tag of the user's is left as it is.
        var inputs = _good.Select((good, ordinal) => new InputEntry
        {
            SubmissionId = submission,
            Ordinal = ordinal,
            Id = good.Id,
            Url = good.Url,
            Input = good.HasTag || _urls[good.Url] == 1 ? good.Input : InputWriter.WithTag(good.Input, good.Id),
            Line = good.Line,
        }).ToList();
        _good.Clear();
        return new(Entry(submission, inputs.Count) with { State = SubmissionState.Planned, SharedInputs = list.Shared.Json, DueAt = dueAt }, inputs, []);
    }

    private PlannedSubmission CutBad()
    {
        var submission = NextId();
        var inputs = new List<InputEntry>(_bad.Count);
        var failures = new List<Failure>(_bad.Count);
        foreach (var (id, item, problem) in _bad)
        {
            var input = new InputEntry
            {
                SubmissionId = submission,
                Ordinal = inputs.Count,
                Id = id,
                Url = "",
                Input = InputWriter.Quote(item.Text),
                Line = item.Line,
                State = InputState.Failed,
                Reason = FailureReasons.InvalidInput,
                FinishedAt = createdAt,
            };
            inputs.Add(input);
            failures.Add(ToFailure(input, problem));
        }
        _bad.Clear();
        return new(Entry(submission, inputs.Count) with { State = SubmissionState.Closed, Failures = inputs.Count }, inputs, failures);
    }

    private Failure ToFailure(InputEntry input, string problem) => new()
    {
        Id = input.Id,
        ListId = list.ListId,
        SubmissionId = input.SubmissionId,
        Url = input.Url,
        Input = JsonElement.Parse(input.Input),
        Line = input.Line,
        Stage = "intake",
        Reason = FailureReasons.InvalidInput,
        Message = $"{char.ToUpperInvariant(list.Unit[0])}{list.Unit[1..]} {input.Line} of the list is not an input: {problem}. Correct it and submit it in a new list.",
        Attempts = 1,
        LastAttemptAt = createdAt,
        Retryable = false,
    };

    private SubmissionEntry Entry(string submission, int count) => new()
    {
        SubmissionId = submission,
        ListId = list.ListId,
        Sequence = Submissions - 1,
        State = SubmissionState.Planned,
        Count = count,
    };

    private string NextId() => SubmissionIds.Of(list.ListId, Submissions++);

    private sealed record Good(string Id, string Url, string Input, long Line, bool HasTag);
}
