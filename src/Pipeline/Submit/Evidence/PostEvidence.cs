using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble.Replies;

namespace Pipeline.Submit.Evidence;

/// <summary>What tasks at the API tell about the submission that they belong to.</summary>
/// <param name="Proof">The proof that they can only belong to the submission; None if there is no proof.</param>
/// <param name="MayBeOurs">
/// Whether they may belong to the submission: nothing proves that they belong to another one. If so, absence is not
/// proven.
/// </param>
internal readonly record struct PostEvidence(PostProof Proof, bool MayBeOurs)
{
    /// <summary>Nothing tells whose they are.</summary>
    public static readonly PostEvidence Doubtful = new(PostProof.None, MayBeOurs: true);

    private static readonly PostEvidence Anothers = new(PostProof.None, MayBeOurs: false);

    /// <summary>Compares tasks with a submission.</summary>
    /// <param name="submission">A submission that was posted.</param>
    /// <param name="matcher">Its inputs.</param>
    /// <param name="tasks">Tasks of one batch, or one task.</param>
    /// <param name="told">
    /// Where the tasks were named, if only this submission's POST could name that place; otherwise None.
    /// </param>
    public static PostEvidence Of(
        SubmissionEntry submission, TaskMatcher matcher, IReadOnlyList<NimbleTask> tasks, PostProof told)
    {
        // The API says which batch a task belongs to. If the submission's batch is known, that decides.
        if (submission.BatchId is { } own
            && tasks.Select(t => t.BatchId).OfType<string>().ToList() is { Count: > 0 } batches)
            return batches.TrueForAll(b => b == own)
                ? Proven(told == PostProof.None ? PostProof.Echo : told)
                : Anothers;
        var addresses = tasks.SelectMany(t => t.Addresses).ToList();
        var outputs = tasks.Select(t => t.OutputUrl).OfType<string>().ToList();
        if (addresses.Concat(outputs).Any(a => DeliveryPrefix.IsNamedBy(submission, a)))
            return Proven(told == PostProof.None ? PostProof.Echo : told);
        if (addresses.Count > 0 || outputs.Exists(DeliveryPrefix.IsUnderOne)
            || tasks.DistinctBy(t => t.Id).Count() > submission.Count)
            return Anothers;
        var echoed = tasks.Where(t => t.Input is not null).DistinctBy(t => t.Id).ToList();
        if (echoed.Count == 0)
            return told == PostProof.None ? Doubtful : Proven(told);
        if (echoed.Exists(t => matcher.IsForeign(t.Input)))
            return Anothers;
        var matched = echoed.ConvertAll(
            t => told == PostProof.None ? matcher.MatchStranger(t.Input) : matcher.Match(t.Input));
        if (matched.Contains(null) || matched.Distinct().Count() < matched.Count)
            return Doubtful;
        return told != PostProof.None
            ? Proven(told)
            : matched.Count == submission.Count
            ? Proven(PostProof.Inputs)
            : Doubtful;
    }

    /// <summary>Whether any task has more than an id: an echo, an address or a batch.</summary>
    public static bool IsComparable(IEnumerable<NimbleTask> tasks) =>
        tasks.Any(t => t.Input is not null || NamesDelivery(t));

    /// <summary>Whether a task names a place that it is delivered to.</summary>
    public static bool NamesDelivery(NimbleTask task) => task.OutputUrl is not null || task.Addresses.Count > 0;

    /// <summary>The places that a task is delivered to, as far as it echoes them.</summary>
    public static IEnumerable<string> DeliveryOf(NimbleTask task) =>
        task.OutputUrl is { } output ? task.Addresses.Append(output) : task.Addresses;

    private static PostEvidence Proven(PostProof proof) => new(proof, MayBeOurs: true);
}

/// <summary>The result of a search for evidence.</summary>
/// <param name="Found">Whether evidence was found, and the submission is accepted now.</param>
/// <param name="Doubt">
/// If nothing was found: why that does not prove absence. Null if it does.
/// </param>
internal readonly record struct SearchResult(bool Found, string? Doubt = null);
