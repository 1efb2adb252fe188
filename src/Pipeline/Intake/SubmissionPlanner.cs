using System.Text.Json;
using Pipeline.Intake.Reading;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Urls;

namespace Pipeline.Intake;

/// <summary>A submission with its inputs and, for bad lines, their failures.</summary>
internal sealed record PlannedSubmission(
    SubmissionEntry Entry, IReadOnlyList<InputEntry> Inputs, IReadOnlyList<Failure> Failures);

/// <summary>
/// Cuts the items of a list into submissions, in their order. Bad lines and refused URLs go into closed submissions of
/// their own, numbered in the same sequence. The same list always gives the same submissions, so planning again after a
/// crash creates no second ones.
/// </summary>
internal sealed class SubmissionPlanner(ListInspection list, DateTimeOffset createdAt, PipelineOptions options)
    : IDisposable
{
    /// <summary>Maximum number of bad lines per submission.</summary>
    public const int MaxBadLines = 1000;

    private readonly InputWriter _writer = new(list.ListId, list.Shared);
    private readonly DuplicateFilter _seen = new(list.Valid, options.Collect.SpillFolder);
    private readonly Dictionary<string, int> _urls = new(StringComparer.Ordinal);
    private readonly List<Good> _good = [];
    private readonly List<Bad> _bad = [];
    private readonly UrlGuard _guard = new(options.Guards, options.Intake.AllowPrivate);
    private readonly int _maxInputs = options.Intake.MaxInputsPerSubmission;
    private readonly int _canaryInputs = Math.Min(options.Guards.Canary, options.Intake.MaxInputsPerSubmission);
    private readonly List<Good> _undecided = [];
    private string? _canary;
    private long _items;

    /// <summary>
    /// Keys of the inputs that wait for <see cref="Decide"/>, in their order; none unless the list is a run of a
    /// series.
    /// </summary>
    public IReadOnlyList<string> Undecided => _undecided.ConvertAll(good => good.SeriesKey!);

    /// <summary>Whether a whole block of inputs waits for <see cref="Decide"/>.</summary>
    public bool HasBlock => _undecided.Count == SeriesComparison.BlockInputs;

    /// <summary>Number of inputs left out so far, because the series has a record of them.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Number of inputs planned so far, including bad lines, without duplicates.</summary>
    public long Inputs { get; private set; }

    /// <summary>Number of duplicates dropped so far.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Number of bad lines so far.</summary>
    public long Invalid { get; private set; }

    /// <summary>Number of submissions cut so far.</summary>
    public int Submissions { get; private set; }

    // The canary is the first submission. It has its own size.
    private int NextSize => _canary is null && _canaryInputs > 0 ? _canaryInputs : _maxInputs;

    /// <summary>Adds an item. Returns a submission when one is full, otherwise null.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: the list has more items than at its inspection. Store fault: the temporary file for duplicates cannot
    /// be used.
    /// </exception>
    public PlannedSubmission? Add(in ListItem item)
    {
        if (++_items > list.Inputs)
            throw ListChanged(list.ListId);
        if (item.ErrorWith(list.Shared) is { } problem)
            return AddInvalid(item, problem);
        var id = _writer.Identify(item);
        if (!_seen.Add(_writer.DuplicateKey(item, id)))
        {
            Duplicates++;
            return null;
        }
        var key = list.Series is null ? null : InputWriter.Format(_writer.SeriesKey());
        var url = item.Url ?? list.Shared.Url!;
        return _guard.Check(url) is { } refusal
            ? AddRefused(item, id, url, refusal)
            : AddGood(item, id, url, key);
    }

    /// <summary>
    /// Plans the undecided inputs, except those that the decisions leave out. Returns the submissions that are full.
    /// </summary>
    public IEnumerable<PlannedSubmission> Decide(IReadOnlyList<SeriesDecision> decisions)
    {
        foreach (var (good, decision) in _undecided.Zip(decisions))
        {
            if (decision.LeavesOut)
                LeftOut++;
            else if (Plan(good with { Known = decision.Known }) is { } submission)
                yield return submission;
        }
        _undecided.Clear();
    }

    /// <summary>Returns the last submissions, which are not full.</summary>
    public IEnumerable<PlannedSubmission> Finish()
    {
        if (_good.Count > 0)
            yield return CutGood();
        if (_bad.Count > 0)
            yield return CutBad();
    }

    /// <summary>Creates the error for a list whose content differs from what was inspected.</summary>
    public static PipelineException ListChanged(string listId) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"List {listId} changed while it was being read. Do not change it until it is planned. Submit it again "
                + "under another name or id.");

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _seen.Dispose();
    }

    private PlannedSubmission? AddInvalid(in ListItem item, string problem)
    {
        Invalid++;
        return AddBad(
            new(
                InputWriter.Format(_writer.IdentifyBad(item)),
                "",
                InputWriter.Quote(item.Text),
                null,
                item.Line,
                FailureReasons.InvalidInput,
                $"{Place(item)} is not a valid input: {problem}. Correct it and submit it in a new list."));
    }

    private PlannedSubmission? AddRefused(in ListItem item, UInt128 id, string url, string refusal) =>
        AddBad(
            new(
                InputWriter.Format(id),
                url,
                _writer.Post(item),
                _writer.Keep(item),
                item.Line,
                FailureReasons.DomainRefused,
                $"{Place(item)} was not submitted: {refusal} and submit the URL in a new list."));

    private PlannedSubmission? AddGood(in ListItem item, UInt128 id, string url, string? seriesKey)
    {
        var hasTag =
            list.Shared.HasTag
            || (item.Fields.ValueKind == JsonValueKind.Object && item.Fields.TryGetProperty("tag"u8, out _));
        var good = new Good(
            InputWriter.Format(id), url, _writer.Post(item), _writer.Keep(item), item.Line, hasTag, seriesKey);
        if (seriesKey is null)
            return Plan(good);
        _undecided.Add(good);
        return null;
    }

    private PlannedSubmission? Plan(Good good)
    {
        _good.Add(good);
        Inputs++;
        return _good.Count == NextSize ? CutGood() : null;
    }

    private PlannedSubmission CutGood()
    {
        var submission = NextId();
        var urls = _good.ConvertAll(good => CanonicalUrl.Of(good.Url));
        _urls.Clear();
        foreach (var url in urls)
            _urls[url] = _urls.GetValueOrDefault(url) + 1;
        // Inputs whose URLs have the same canonical form, such as one URL for several countries, have similar results.
        // Nimble echoes the tag, so a tag distinguishes them. A tag set by the user is kept.
        var inputs = _good
            .Select(
                (good, ordinal) =>
                    new InputEntry
                    {
                        SubmissionId = submission,
                        Ordinal = ordinal,
                        Id = good.Id,
                        Url = good.Url,
                        Input =
                            good.HasTag || _urls[urls[ordinal]] == 1
                                ? good.Input
                                : InputWriter.WithTag(good.Input, good.Id),
                        Kept = good.Kept,
                        Line = good.Line,
                        Series = good.ToSeries(),
                    })
            .ToList();
        _good.Clear();
        var dueAt = createdAt + options.Sweep.PostingLease;
        var entry = SubmissionTransitions.Plan(submission, list.ListId, Submissions - 1, inputs.Count, dueAt) with
        {
            SharedInputs = list.Shared.Json,
            Series = list.Series?.Name,
            WaitsFor = _canary,
        };
        if (_canaryInputs > 0)
            _canary ??= submission;
        return new(entry, inputs, []);
    }

    private PlannedSubmission? AddBad(Bad bad)
    {
        _bad.Add(bad);
        Inputs++;
        return _bad.Count == MaxBadLines ? CutBad() : null;
    }

    private string Place(in ListItem item) =>
        $"{char.ToUpperInvariant(list.Unit[0])}{list.Unit[1..]} {item.Line} of the list";

    private PlannedSubmission CutBad()
    {
        var submission = NextId();
        var inputs = new List<InputEntry>(_bad.Count);
        var failures = new List<Failure>(_bad.Count);
        foreach (var bad in _bad)
        {
            var input = new InputEntry
            {
                SubmissionId = submission,
                Ordinal = inputs.Count,
                Id = bad.Id,
                Url = bad.Url,
                Input = bad.Input,
                Kept = bad.Kept,
                Line = bad.Line,
                State = InputState.Failed,
                Reason = bad.Reason,
                FinishedAt = createdAt,
            };
            var failure = ToFailure(input, bad);
            inputs.Add(input with { Failure = JsonSerializer.Serialize(failure, PipelineJson.Plain.Failure) });
            failures.Add(failure);
        }
        _bad.Clear();
        return new(
            SubmissionTransitions.PlanClosed(
                submission, list.ListId, Submissions - 1, inputs.Count, OutcomeTally.Of(inputs).ToString()) with
            {
                SharedInputs = list.Shared.Json,
            },
            inputs,
            failures);
    }

    private Failure ToFailure(InputEntry input, Bad bad)
    {
        var (described, text) = EffectiveInput.Describe(list.Shared.Json, input);
        return new()
        {
            Id = input.Id,
            ListId = list.ListId,
            SubmissionId = input.SubmissionId,
            Url = input.Url,
            Input = described,
            InputText = text,
            Line = input.Line,
            Stage = "intake",
            Reason = bad.Reason,
            Message = bad.Message,
            Attempts = 1,
            LastAttemptAt = createdAt,
            Retryable = FailureRemedies.Of(bad.Reason).IsRetryable ?? false,
        };
    }

    // The inspection refuses longer lists. Larger numbers are the ids of repeated submissions.
    private string NextId() =>
        Submissions < SubmissionIds.MaxPlanned
            ? SubmissionIds.Of(list.ListId, Submissions++)
            : throw new InvalidOperationException(
                $"List {list.ListId} needs more than {SubmissionIds.MaxPlanned} submissions.");

    private sealed record Bad(
        string Id, string Url, string Input, string? Kept, long Line, string Reason, string Message);

    private sealed record Good(
        string Id, string Url, string Input, string? Kept, long Line, bool HasTag, string? SeriesKey)
    {
        /// <summary>The series' last record of the input; null if there is none.</summary>
        public SeriesEntry? Known { get; init; }

        public InputSeries? ToSeries() =>
            SeriesKey is null
                ? null
                : new() { Key = SeriesKey, Previous = Known?.Outcome, PreviousVersion = Known?.Version };
    }
}
