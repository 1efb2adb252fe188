using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Reports;
using Pipeline.Urls;

namespace Pipeline.Cli.Failures;

/// <summary>Failures grouped by reason: how many, an example, and the command that mends them.</summary>
/// <param name="settings">What the command was asked for.</param>
/// <param name="selection">The failures that were asked for.</param>
internal sealed class FailureGroups(RunSettings settings, Selection selection)
{
    private const int MaxLists = 5;

    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);

    /// <summary>Whether each of some reasons has an example.</summary>
    public bool Have(IEnumerable<string> reasons) => reasons.All(_groups.ContainsKey);

    /// <summary>Counts a failure.</summary>
    public void Add(CurrentFailure current)
    {
        var failure = current.Failure;
        if (!_groups.TryGetValue(failure.Reason, out var group))
            _groups[failure.Reason] = group = new(failure);
        group.Count++;
        group.Advice.Add(current);
        if (group.Lists.Count < MaxLists)
            group.Lists.Add(failure.ListId);
    }

    /// <summary>The groups as lines, the largest first.</summary>
    public IEnumerable<string> Describe() =>
        _groups.Values.OrderByDescending(group => group.Count).SelectMany(Describe);

    /// <summary>An example of each reason, in one line.</summary>
    public IEnumerable<string> Examples() => _groups.Values.OrderByDescending(group => group.Count)
        .Select(group => $"{group.Example.Reason}, such as {Place(group.Example)}: {Message(group.Example)}");

    /// <summary>
    /// What identifies a failure for people: its URL, or the place in the list of a bad line. A URL with a password is
    /// shown without it, and with its place, since the list may hold others that look the same then.
    /// </summary>
    public static string Place(Failure failure)
    {
        if (failure.Url.Length == 0)
            return $"line {failure.Line}";
        var url = failure.Url.ReplaceLineEndings(" ");
        var shown = UrlCredentials.Hide(url);
        return shown == url ? url : $"{shown} (line {failure.Line})";
    }

    /// <summary>The message of a failure, on one line and without passwords.</summary>
    public static string Message(Failure failure) => UrlCredentials.HideAll(failure.Message.ReplaceLineEndings(" "));

    private IEnumerable<string> Describe(Group group)
    {
        yield return $"{Amount.Of(group.Count, "failure")}: {group.Example.Reason}";
        yield return $"  such as {Place(group.Example)}";
        yield return $"  {Message(group.Example)}";
        foreach (var line in group.Advice.Lines(Replay(group)))
            yield return $"  {line}";
    }

    private string Replay(Group group)
    {
        // A storage account holds the lists of everybody, so a replay there names its own.
        var lists = selection.Lists.Count == 0 && settings.WorkStore.IsShared ? [.. group.Lists] : selection.Lists;
        var of = selection with { Lists = lists, Reasons = [group.Example.Reason] };
        return Shell.Command(settings, "replay") + of.Arguments;
    }

    private sealed class Group(Failure example)
    {
        public Failure Example => example;

        public long Count { get; set; }

        public ReplayAdvice Advice { get; } = new();

        public SortedSet<string> Lists { get; } = new(StringComparer.Ordinal);
    }
}
