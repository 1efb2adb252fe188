using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Cli.Failures;

/// <summary>Counts failures by what can be done about them, and advises only what helps.</summary>
internal sealed class ReplayAdvice
{
    private int _all;
    private int _open;
    private int _free;
    private int _resubmitted;

    /// <summary>Counts a failure.</summary>
    public void Add(CurrentFailure current)
    {
        _all++;
        if (!current.IsFinal)
        {
            _open++;
            return;
        }
        var remedy = FailureRemedies.Of(current.Failure);
        _free += remedy.ReplaysFree ? 1 : 0;
        _resubmitted += remedy.Resubmits ? 1 : 0;
    }

    /// <summary>The number of failures, with a sentence for each thing that helps.</summary>
    /// <param name="replay">The command that replays these failures.</param>
    public string Summarize(string replay) =>
        _all == 0 ? "No failures." : string.Join(' ', [$"{Amount.Of(_all, "failure")}.", .. Sentences(replay)]);

    /// <summary>One line for each thing that helps.</summary>
    /// <param name="replay">The command that replays these failures.</param>
    public IEnumerable<string> Lines(string replay)
    {
        if (_free > 0)
            yield return $"Look again, without cost: '{replay}'{Only(_free)}";
        if (_resubmitted > 0)
            yield return $"Post again, may be billed: '{replay} --resubmit'{Only(_resubmitted)}";
        if (_open > 0)
            yield return $"Wait until work on {(_open == 1 ? "it" : "them")} has ended, then replay{Only(_open)}.";
        if (HelpsNone)
            yield return "Correct the lines in the list, and run it as a new one.";
    }

    private bool HelpsNone => _free + _resubmitted + _open == 0;

    private IEnumerable<string> Sentences(string replay)
    {
        if (_free > 0)
            yield return $"'{replay}' retries {Some(_free)} without cost.";
        if (_resubmitted > 0)
            yield return $"'{replay} --resubmit' posts {Some(_resubmitted)} again.";
        if (_open > 0)
            yield return $"Work on {Some(_open)} goes on: replay when the list is closed.";
        if (HelpsNone)
            yield return "Replaying helps none of them: correct the lines in the list, and run it as a new one.";
    }

    private string Only(int count) => count < _all ? $" ({count} of them)" : "";

    private string Some(int count) => count < _all ? $"{count} of them" : _all == 1 ? "it" : "them";
}
