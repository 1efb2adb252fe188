using Pipeline.Model;

namespace Pipeline.Cli.Failures;

/// <summary>Counts failures by what can be done about them, and advises only what helps.</summary>
internal sealed class ReplayAdvice
{
    private int _all;
    private int _free;
    private int _resubmitted;

    /// <summary>Counts a failure of a reason.</summary>
    public void Add(string reason)
    {
        var remedy = FailureRemedies.Of(reason);
        _all++;
        _free += remedy.ReplaysFree ? 1 : 0;
        _resubmitted += remedy.Resubmits ? 1 : 0;
    }

    /// <summary>One sentence for each thing that helps.</summary>
    /// <param name="replay">The command that replays these failures.</param>
    public string Describe(string replay)
    {
        if (_all == 0)
            return "No failures.";
        var advice = $"{Amount.Of(_all, "failure")}.";
        if (_free > 0)
            advice += $" '{replay}' retries {Some(_free)} without cost.";
        if (_resubmitted > 0)
            advice += $" '{replay} --resubmit' posts {Some(_resubmitted)} again.";
        return _free + _resubmitted > 0
            ? advice
            : $"{advice} Replaying helps none of them: correct the lines in the list, and run it as a new one.";
    }

    private string Some(int count) => count < _all ? $"{count} of them" : _all == 1 ? "it" : "them";
}
