using System.Text.Json;
using Pipeline.Collect.Normalize;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Urls;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// Finds the input that a task works on: by the echoed input, the tag or the result's URL. It never uses the position,
/// because the order of a batch's tasks is not documented. It compares URLs in canonical form. If several inputs match
/// and nothing tells them apart, it returns none instead of guessing.
/// </summary>
internal sealed class TaskMatcher
{
    // Arrays to save memory: nearly all have one element, and matchers are cached.
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

    /// <summary>The submission's inputs, by ordinal.</summary>
    public IReadOnlyList<InputEntry> Inputs { get; }

    /// <summary>Makes ledger rows for tasks, each with the input that its echo names, if any.</summary>
    /// <param name="tasks">Tasks from the API; those beyond <see cref="MostTasks"/> are ignored.</param>
    /// <param name="known">Rows that the ledger already has.</param>
    public IReadOnlyList<TaskEntry> Match(IEnumerable<NimbleTask> tasks, IReadOnlyList<TaskEntry>? known = null)
    {
        var ids = (known ?? []).Select(t => t.TaskId).ToHashSet(StringComparer.Ordinal);
        var rows = new List<TaskEntry>();
        foreach (var task in tasks)
            if (TaskIds.IsWellFormed(task.Id)
                && (ids.Contains(task.Id) || (ids.Count < MostTasks(Inputs.Count) && ids.Add(task.Id))))
                rows.Add(new(task.Id, Match(task.Input)));
        return rows;
    }

    /// <summary>
    /// Maximum number of tasks of a submission. Nimble may run an input again, but an answer with far more tasks than
    /// that is not about this submission.
    /// </summary>
    public static int MostTasks(int inputs) => 4 * inputs;

    /// <summary>
    /// The one remaining task paired with the one remaining input, once all others are matched; null if more than one
    /// of either remains.
    /// </summary>
    public static TaskEntry? LastPair(SubmissionEntry submission, IReadOnlyList<TaskEntry> tasks)
    {
        var matched = tasks.Select(t => t.Ordinal).OfType<int>().ToHashSet();
        if (tasks.Count != submission.Count || matched.Count != submission.Count - 1)
            return null;
        var ordinal = Enumerable.Range(0, submission.Count).First(i => !matched.Contains(i));
        return tasks.SingleOrDefault(t => t.Ordinal is null) is { } task ? task with { Ordinal = ordinal } : null;
    }

    /// <summary>The ordinal of the echoed input; null if there is no echo or it does not identify one input.</summary>
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
    /// The ordinal of the input echoed by a task that may not be ours: the echo must name the URL, and no field given
    /// on both sides may differ.
    /// </summary>
    public int? MatchStranger(JsonElement? echo)
    {
        if (CandidatesOf(echo, out var fields) is not { } candidates)
            return null;
        return FittingOf(candidates, fields);
    }

    /// <summary>Whether the echo names a URL that no input has.</summary>
    public bool IsForeign(JsonElement? echo) =>
        CandidatesOf(echo, out var fields) is null && Text(fields, "url") is not null;

    /// <summary>Whether the URL belongs to other inputs but not to this one.</summary>
    public bool IsAnothers(string url, int ordinal) =>
        CandidatesOf(url) is { } candidates && !Array.Exists(candidates, c => c.Ordinal == ordinal);

    /// <summary>The ordinal that the fields of a result identify; null if they identify none.</summary>
    public int? Match(NormalizedResult result) => Inputs.Count == 1 ? 0 : MatchStranger(result);

    /// <summary>
    /// The same for a result that may not be ours; unlike <see cref="Match(NormalizedResult)"/>, it does not match just
    /// because there is only one input.
    /// </summary>
    public int? MatchStranger(NormalizedResult result)
    {
        // A result names the final URL. After a redirect, the input has the URL that redirected there.
        var from = RedirectChain.UrlsOf(result);
        if ((from.Count == 0 ? result.Url : from.FirstOrDefault(hop => CandidatesOf(hop) is not null)) is not { } url)
            return result.Tag is { } tag ? _byTag.GetValueOrDefault(tag) : null;
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, value)
            in (
                ReadOnlySpan<(string, string?)>)[("country", result.Country), ("locale", result.Locale),
                ("driver", result.Driver), ("tag", result.Tag)])
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
        if (Text(fields, "tag") is { } tag && _byTag.GetValueOrDefault(tag) is { } tagged
            && Array.Exists(candidates, c => c.Ordinal == tagged))
            return tagged;
        return FittingOf(candidates, fields) ?? FittingOf(Array.FindAll(candidates, c => MayBeWritten(c, url)), fields);
    }

    private int? FittingOf(InputEntry[] candidates, Dictionary<string, JsonElement> fields) =>
        Array.FindAll(candidates, c => Fits(c, fields)) is [var only] ? only.Ordinal : null;

    /// <summary>
    /// Whether Nimble, which may normalize URLs, can have made <paramref name="url"/> of an input's URL. This tells
    /// URLs apart that differ only in their fragment.
    /// </summary>
    private static bool MayBeWritten(InputEntry candidate, string url) =>
        candidate.Url == url || CanonicalUrl.WithFragment(candidate.Url) == url
            || CanonicalUrl.Of(candidate.Url) == url;

    /// <summary>
    /// Whether all fields given on both sides are equal, ignoring case (Nimble echoes countries in either) and whether
    /// a value is text or a number.
    /// </summary>
    private bool Fits(InputEntry candidate, Dictionary<string, JsonElement> echoed)
    {
        using var effective = new EffectiveInput(_sharedInputs, candidate.Input);
        return effective.Fields.All(f => f.Key == "url" || !echoed.TryGetValue(f.Key, out var value)
            || string.Equals(NimbleJson.Text(value), NimbleJson.Text(f.Value), StringComparison.OrdinalIgnoreCase));
    }

    private void Add(string url, InputEntry input) =>
        _byUrl[url] = _byUrl.TryGetValue(url, out var candidates) ? [.. candidates, input] : [input];

    /// <summary>The fields of an object; of a duplicate name the last one counts, as in other JSON readers.</summary>
    private static Dictionary<string, JsonElement> FieldsOf(JsonElement input)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var field in input.EnumerateObject())
            fields[field.Name] = field.Value;
        return fields;
    }

    private static string? Text(Dictionary<string, JsonElement> fields, string name) =>
        fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? NimbleJson.Text(value)
            : null;
}
