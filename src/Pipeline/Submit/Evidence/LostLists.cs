using System.Text.Json;
using Pipeline.Delivery;
using Pipeline.Nimble.Replies;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Submit.Evidence;

/// <summary>What was posted in the time that a restored ledger has lost, and that it does not know.</summary>
/// <param name="Restore">The restore.</param>
/// <param name="Lists">The lists, the earliest first.</param>
/// <param name="Unnamed">Batches and tasks of that time that do not say whose they are.</param>
/// <param name="OfOtherKeys">Batches and tasks of pipelines with another callback key.</param>
/// <param name="Doubts">Why there may be more; empty if Nimble's lists were seen whole.</param>
internal sealed record LostLists(
    LedgerRestore Restore, IReadOnlyList<LostList> Lists, int Unnamed, int OfOtherKeys, IReadOnlyList<string> Doubts);

/// <summary>A list with submissions that the ledger does not know.</summary>
/// <param name="ListId">Its id.</param>
/// <param name="IsKnown">Whether the ledger knows the list: it was closed, and inputs were posted again.</param>
/// <param name="Submissions">How many submissions.</param>
/// <param name="Tasks">How many tasks, each paid for once.</param>
/// <param name="PostedAt">When the first was posted, UTC; null if Nimble does not say.</param>
/// <param name="FirstUrl">A URL of it, as a hint to which list it was; null if Nimble does not say.</param>
internal sealed record LostList(
    string ListId, bool IsKnown, int Submissions, int Tasks, DateTimeOffset? PostedAt, string? FirstUrl);

/// <summary>A submission as Nimble's lists describe it.</summary>
internal sealed record LostSubmission(string SubmissionId, int Tasks, DateTimeOffset? PostedAt, string? FirstUrl);

/// <summary>Collects batches and tasks by the submission that they name.</summary>
internal sealed class LostListCollector(OwnAddresses addresses)
{
    private readonly Dictionary<string, LostSubmission> _submissions = new(StringComparer.Ordinal);

    /// <summary>The submissions of this pipeline.</summary>
    public IReadOnlyCollection<LostSubmission> Submissions => _submissions.Values;

    /// <summary>Number of entries that name nobody.</summary>
    public int Unnamed { get; private set; }

    /// <summary>Number of entries with addresses of our form that our key did not make.</summary>
    public int OfOtherKeys { get; private set; }

    /// <summary>Adds the tasks of a batch, or one task.</summary>
    /// <param name="tasks">The tasks, as far as the API describes them.</param>
    /// <param name="createdAt">When they were posted, UTC; null if the API does not say.</param>
    public void Add(IReadOnlyList<NimbleTask> tasks, DateTimeOffset? createdAt)
    {
        var delivery = tasks.SelectMany(PostEvidence.DeliveryOf).ToList();
        var owners = delivery.ConvertAll(addresses.Find);
        if (owners.Find(owner => owner.IsProven) is { SubmissionId: { } id })
            _submissions[id] = Join(
                _submissions.GetValueOrDefault(id),
                new(id, tasks.Count, createdAt, tasks.Select(UrlOf).FirstOrDefault(url => url is not null)));
        else if (owners.Exists(owner => owner.SubmissionId is not null))
            OfOtherKeys++;
        else if (delivery.Count == 0)
            Unnamed++;
    }

    /// <summary>A submission may have been posted twice; both are paid for.</summary>
    private static LostSubmission Join(LostSubmission? first, LostSubmission second) =>
        first is null ? second : first with { Tasks = first.Tasks + second.Tasks };

    private static string? UrlOf(NimbleTask task) =>
        task.Input is { ValueKind: JsonValueKind.Object } input
        && input.TryGetProperty("url", out var url) && url.ValueKind == JsonValueKind.String
            ? url.GetString()
            : null;
}
