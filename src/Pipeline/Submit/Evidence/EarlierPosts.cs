using Microsoft.Extensions.Options;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Submit.Evidence;

/// <summary>What was posted in the time that a restored ledger has lost, by submission.</summary>
/// <param name="Named">The tasks of each submission that posts inputs again, by its id.</param>
/// <param name="Unnamed">What does not say whose it is.</param>
internal sealed record PostsByOwner(
    IReadOnlyDictionary<string, IReadOnlyList<NimbleTask>> Named, IReadOnlyList<LostPost> Unnamed)
{
    /// <summary>Nothing.</summary>
    public static readonly PostsByOwner None = new(new Dictionary<string, IReadOnlyList<NimbleTask>>(), []);
}

/// <summary>
/// Keeps what <see cref="LostPosts"/> reads of repeated submissions. Once the lists were seen whole and every task says
/// whose it is or has ended, nothing can be added, and they are not read again.
/// </summary>
internal sealed class EarlierPosts(
    LostPosts posts, OwnAddresses addresses, IOptions<PipelineOptions> options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1);
    private (LedgerRestore? Of, PostsByOwner Posts, DateTimeOffset Until) _known =
        (null, PostsByOwner.None, DateTimeOffset.MinValue);

    /// <summary>Returns what was posted between the backup and its restore.</summary>
    /// <exception cref="PipelineException">The API does not answer, or refuses us.</exception>
    public async Task<PostsByOwner> ReadAsync(LedgerRestore restore, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_known.Of != restore || time.GetUtcNow() >= _known.Until)
                _known = await ReadAnewAsync(restore, cancellationToken);
            return _known.Posts;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<(LedgerRestore, PostsByOwner, DateTimeOffset)> ReadAnewAsync(
        LedgerRestore restore, CancellationToken cancellationToken)
    {
        var began = time.GetUtcNow();
        var (batchEnd, taskEnd) = (new ListEnd("batches"), new ListEnd("tasks"));
        var named = new Dictionary<string, IReadOnlyList<NimbleTask>>(StringComparer.Ordinal);
        var unnamed = new List<LostPost>();
        await foreach (var post in posts.ReadAsync(restore, batchEnd, taskEnd, cancellationToken))
            if (OwnerOf(post) is { } id && SubmissionIds.IsRepeat(id))
                named[id] = [.. named.GetValueOrDefault(id, []), .. post.Tasks];
            else if (!post.Tasks.Any(PostEvidence.NamesDelivery))
                unnamed.Add(post);
        var sweep = options.Value.Sweep;
        // A POST that was under way during the restore may be accepted a little later.
        var isFinal = batchEnd.Doubt is null && taskEnd.Doubt is null && began >= restore.At + sweep.PostingLease
            && (began >= restore.At + sweep.TaskDeadline || unnamed.TrueForAll(HasEnded));
        return (restore, new(named, unnamed), isFinal ? DateTimeOffset.MaxValue : time.GetUtcNow() + KnownFor);
    }

    private static bool HasEnded(LostPost post) =>
        post.Tasks.All(task => TaskStates.Classify(task.State) != TaskOutcome.Pending);

    private string? OwnerOf(LostPost post) => post.Tasks.SelectMany(PostEvidence.DeliveryOf).Select(addresses.Find)
        .FirstOrDefault(owner => owner.IsProven).SubmissionId;
}
