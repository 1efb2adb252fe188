using System.Text.Json;
using Pipeline.Collect.Normalize;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Urls;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// Finds the input a task works on: by the echoed input, by tag, or by the result's own URL; never by position, since
/// the order of a batch's tasks is not documented. URLs are compared in their canonical form. Where several inputs fit
/// and nothing tells them apart, it says so instead of guessing.
/// </summary>
internal sealed class TaskMatcher
{
    // Arrays, since nearly all have one element, and a matcher is kept for a while.
    private readonly Dictionary<string, InputEntry[]> _byUrl = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int?> _byTag = new(StringComparer.Ordinal);
    private readonly string _sharedInputs;

    public TaskMatcher(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs)
    {
        _sharedInputs = submission.SharedInputs;
        Inputs = inputs;
        foreach (var input in inputs)
        {
            Add(CanonicalUrl.Of(input.Url), input);
            using var effective = new EffectiveInput(_sharedInputs, input.Input);
            if (effective.GetText("tag") is { } tag)
                _byTag[tag] = _byTag.ContainsKey(tag) ? null : input.Ordinal;
        }
    }

    /// <summary>The inputs it knows, by ordinal.</summary>
    public IReadOnlyList<InputEntry> Inputs { get; }

    /// <summary>The rows of tasks, each with its input where the task's echo tells.</summary>
    /// <param name="tasks">As the API names them; only a few times as many as there are inputs are taken.</param>
    /// <param name="known">Rows that are there already.</param>
    public IReadOnlyList<TaskEntry> Match(IEnumerable<NimbleTask> tasks, IReadOnlyList<TaskEntry>? known = null)
    {
        var ids = (known ?? []).Select(t => t.TaskId).ToHashSet(StringComparer.Ordinal);
        var rows = new List<TaskEntry>();
        foreach (var task in tasks)
            if (TaskIds.IsWellFormed(task.Id) && (ids.Contains(task.Id) || (ids.Count < MostTasks(Inputs.Count) && ids.Add(task.Id))))
                rows.Add(new(task.Id, Match(task.Input)));
        return rows;
    }

    /// <summary>How many tasks a submission may have: Nimble may try an input again, but what has far more is not answered for it.</summary>
    public static int MostTasks(int inputs) => 4 * inputs;

    /// <summary>
    /// The task and the input that are left over once every other task of the submission has its input; null while
    /// that is not beyond doubt.
    /// </summary>
    public static TaskEntry? LastPair(SubmissionEntry submission, IReadOnlyList<TaskEntry> tasks)
    {
        var matched = tasks.Select(t => t.Ordinal).OfType<int>().ToHashSet();
        if (tasks.Count != submission.Count || matched.Count != submission.Count - 1)
            return null;
        var ordinal = Enumerable.Range(0, submission.Count).First(i => !matched.Contains(i));
        return tasks.SingleOrDefault(t => t.Ordinal is null) is { } task ? task with { Ordinal = ordinal } : null;
    }

    /// <summary>The ordinal for an echoed input; null when there is no echo or it does not tell.</summary>
    public int? Match(JsonElement? echo)
    {
        if (Inputs.Count == 1)
            return 0;
        if (echo is not { ValueKind: JsonValueKind.Object } input)
            return null;
        var fields = FieldsOf(input);
        return Text(fields, "url") is { } url ? Match(url, fields) : null;
    }

    /// <summary>
    /// The ordinal for the echo of a task that may be anybody's: it must name the URL, and nothing that both sides state may differ.
    /// </summary>
    public int? MatchStranger(JsonElement? echo)
    {
        if (CandidatesOf(echo, out var fields) is not { } candidates)
            return null;
        return FittingOf(candidates, fields);
    }

    /// <summary>Whether the echo names a URL, and one that no input has.</summary>
    public bool IsForeign(JsonElement? echo) => CandidatesOf(echo, out var fields) is null && Text(fields, "url") is not null;

    /// <summary>Whether the URL is that of inputs, this one not among them.</summary>
    public bool IsAnothers(string url, int ordinal) =>
        CandidatesOf(url) is { } candidates && !Array.Exists(candidates, c => c.Ordinal == ordinal);

    /// <summary>The ordinal for what a result says of itself; null when it does not tell.</summary>
    public int? Match(NormalizedResult result)
    {
        return Inputs.Count == 1 ? 0 : MatchStranger(result);
    }

    /// <summary>The same for a result that may be anybody's: being the only input proves nothing.</summary>
    public int? MatchStranger(NormalizedResult result)
    {
        // A result names the URL that it arrived at. Where a redirect led there, the input is the one it came from.
        var from = RedirectChain.UrlsOf(result);
        if ((from.Count == 0 ? result.Url : from.FirstOrDefault(hop => CandidatesOf(hop) is not null)) is not { } url)
            return result.Tag is { } tag ? _byTag.GetValueOrDefault(tag) : null;
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[("country", result.Country), ("locale", result.Locale), ("driver", result.Driver), ("tag", result.Tag)])
            if (value is not null)
                fields[name] = JsonSerializer.SerializeToElement(value, PipelineJson.Plain.String);
        return Match(url, fields);
    }

    private InputEntry[]? CandidatesOf(JsonElement? echo, out Dictionary<string, JsonElement> fields)
    {
        fields = echo is { ValueKind: JsonValueKind.Object } input ? FieldsOf(input) : [];
        return Text(fields, "url") is { } url ? CandidatesOf(url) : null;
    }

    private InputEntry[]? CandidatesOf(string url) => _byUrl.GetValueOrDefault(CanonicalUrl.Of(url));

    private int? Match(string url, Dictionary<string, JsonElement> fields)
    {
        if (CandidatesOf(url) is not { } candidates)
            return null;
        if (candidates is [var only])
            return only.Ordinal;
        if (Text(fields, "tag") is { } tag && _byTag.GetValueOrDefault(tag) is { } tagged && Array.Exists(candidates, c => c.Ordinal == tagged))
            return tagged;
        return FittingOf(candidates, fields) ?? FittingOf(Array.FindAll(candidates, c => MayBeWritten(c, url)), fields);
    }

    private int? FittingOf(InputEntry[] candidates, Dictionary<string, JsonElement> fields) =>
        Array.FindAll(candidates, c => Fits(c, fields)) is [var only] ? only.Ordinal : null;

    /// <summary>
    /// Whether an input's URL, given back as it is or normalized, can read <paramref name="url"/>: tells apart URLs
    /// that differ in their fragment alone.
    /// </summary>
    private static bool MayBeWritten(InputEntry candidate, string url) =>
        candidate.Url == url || CanonicalUrl.WithFragment(candidate.Url) == url || CanonicalUrl.Of(candidate.Url) == url;

    /// <summary>Whether nothing that both sides state differs; letters' case does not count (countries are echoed either way), nor whether a value is written as text or number.</summary>
    private bool Fits(InputEntry candidate, Dictionary<string, JsonElement> echoed)
    {
        using var effective = new EffectiveInput(_sharedInputs, candidate.Input);
        return effective.Fields.All(f => f.Key == "url" || !echoed.TryGetValue(f.Key, out var value)
            || string.Equals(NimbleJson.Text(value), NimbleJson.Text(f.Value), StringComparison.OrdinalIgnoreCase));
    }

    private void Add(string url, InputEntry input) => _byUrl[url] = _byUrl.TryGetValue(url, out var candidates) ? [.. candidates, input] : [input];

    /// <summary>Of a name given twice the last, as in every JSON reader of the field.</summary>
    private static Dictionary<string, JsonElement> FieldsOf(JsonElement input)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var field in input.EnumerateObject())
            fields[field.Name] = field.Value;
        return fields;
    }

    private static string? Text(Dictionary<string, JsonElement> fields, string name) =>
        fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? NimbleJson.Text(value) : null;
}
