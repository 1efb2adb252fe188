using System.Text.Json;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble.Replies;

namespace Pipeline.Submit.Evidence;

/// <summary>What tasks at the API say of whose they are.</summary>
/// <param name="Proof">What proves that they can only be the submission's; None where nothing does.</param>
/// <param name="MayBeOurs">
/// Whether nothing proves that they are somebody else's. Only then does their being there leave a doubt.
/// </param>
internal readonly record struct PostEvidence(PostProof Proof, bool MayBeOurs)
{
    /// <summary>Nothing says whose they are.</summary>
    public static readonly PostEvidence Doubtful = new(PostProof.None, MayBeOurs: true);

    private static readonly PostEvidence Anothers = new(PostProof.None, MayBeOurs: false);

    /// <summary>Compares tasks with a submission.</summary>
    /// <param name="submission">A submission that was posted.</param>
    /// <param name="matcher">Its inputs.</param>
    /// <param name="tasks">Tasks of one batch, or one task.</param>
    /// <param name="told">The path they came by, where only this submission's POST could name it; else None.</param>
    public static PostEvidence Of(
        SubmissionEntry submission, TaskMatcher matcher, IReadOnlyList<NimbleTask> tasks, PostProof told)
    {
        // The API itself says which batch a task is of. Where the submission's own is known, that settles it.
        if (submission.BatchId is { } own
            && tasks.Select(t => t.BatchId).OfType<string>().ToList() is { Count: > 0 } batches)
            return batches.TrueForAll(b => b == own)
                ? Proven(told == PostProof.None ? PostProof.Echo : told)
                : Anothers;
        var addresses = tasks.SelectMany(Addresses).ToList();
        if (addresses.Concat(tasks.Select(t => t.OutputUrl).OfType<string>())
            .Any(a => DeliveryPrefix.IsNamedBy(submission, a)))
            return Proven(told == PostProof.None ? PostProof.Echo : told);
        if (addresses.Count > 0 || tasks.DistinctBy(t => t.Id).Count() > submission.Count)
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

    /// <summary>Whether any task says more than that it is there.</summary>
    public static bool IsComparable(IEnumerable<NimbleTask> tasks) =>
        tasks.Any(t => t.Input is not null || t.OutputUrl is not null || Addresses(t).Any());

    private static PostEvidence Proven(PostProof proof) => new(proof, MayBeOurs: true);

    /// <summary>The addresses a task was told and echoes; if the submission is ours, they hold its id.</summary>
    private static IEnumerable<string> Addresses(NimbleTask task)
    {
        if (task.CallbackUrl is { } callback)
            yield return callback;
        if (task.Input is not { ValueKind: JsonValueKind.Object } input)
            yield break;
        foreach (var name in (string[])["callback_url", "storage_url"])
            if (input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
                yield return value.GetString()!;
    }
}

/// <summary>What a search for evidence came to.</summary>
/// <param name="Found">The submission is accepted now.</param>
/// <param name="Doubt">
/// Where nothing was found: what keeps that from being proof of absence; null where nothing does.
/// </param>
internal readonly record struct SearchResult(bool Found, string? Doubt = null);
