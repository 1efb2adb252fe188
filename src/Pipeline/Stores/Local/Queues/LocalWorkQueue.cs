using System.Collections.Concurrent;
using System.Globalization;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Stores.Local.Queues;

/// <summary>The queues of one machine: sending, and receiving for <c>QueueHost</c>.</summary>
internal sealed class LocalWorkQueue(LocalDatabase database, TimeProvider time, string? owner = null)
    : WorkReceiver<LocalMessage>, IWorkQueue, IDeadLetters
{
    private const string Owned = "id=$1 AND receipt=$2";

    // Maximum time until messages of another process, and delayed messages, are noticed.
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    private readonly string _owner = owner ?? ProcessOwner.Current;
    private readonly ConcurrentDictionary<string, Signal> _signals = new();

    /// <inheritdoc/>
    public async Task SendAsync(
        string queue, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        if (messages.Count == 0)
            return;
        var visibleAt = Now() + MessageDelay.Bound(delay).Ticks;
        await database.WriteAsync(
            session =>
            {
                foreach (var body in messages)
                    session.Execute(
                        "INSERT INTO message(queue, body, visible_at) VALUES($1, $2, $3)", queue, body.ToArray(),
                        visibleAt);
            },
            durable: false,
            cancellationToken);
        For(queue).Set();
    }

    /// <summary>
    /// Releases the messages of ended workers, so that no lease of a killed worker has to expire. Such a delivery does
    /// not count as an attempt. If the clock was set back, also sets back the due times of waiting work.
    /// </summary>
    /// <returns>The number of released messages.</returns>
    public override async Task<int> ReleaseOrphansAsync(CancellationToken cancellationToken)
    {
        var (ended, isClockKnown) = await database.ReadAsync(
            session => (EndedOwners(session), LocalClock.IsKnown(session, Now())), cancellationToken);
        if (ended.Count == 0 && isClockKnown)
            return 0;
        var released = await database.WriteAsync(
            session =>
            {
                LocalClock.Follow(session, Now());
                return ended.Sum(owner => session.Execute(
                    "UPDATE message SET visible_at=MIN(visible_at, $2), owner=NULL, receipt=receipt+1, "
                        + "dequeue_count=dequeue_count-1 WHERE owner=$1",
                    owner, Now()));
            },
            durable: false,
            cancellationToken);
        foreach (var signal in _signals.Values)
            signal.Set();
        return released;
    }

    /// <summary>
    /// Leases up to <paramref name="max"/> messages for <paramref name="visibility"/>. Messages that were received too
    /// often go to the poison queue instead.
    /// </summary>
    public override Task<WorkDelivery<LocalMessage>> ReceiveAsync(
        string queue, int max, TimeSpan visibility, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session =>
            {
                var messages = new List<LocalMessage>();
                var poisoned = new List<LocalMessage>();
                foreach (var found in Select(session, queue, max))
                {
                    if (found.DequeueCount >= Tries.Max)
                    {
                        Poison(
                            session, found,
                            found.Error ?? "No worker completed it: each ended or lost its lease first.");
                        poisoned.Add(found);
                        continue;
                    }
                    var message = found with { Receipt = found.Receipt + 1, DequeueCount = found.DequeueCount + 1 };
                    session.Execute(
                        "UPDATE message SET visible_at=$2, dequeue_count=$3, receipt=$4, owner=$5 WHERE id=$1",
                        message.Id, Now() + visibility.Ticks, message.DequeueCount, message.Receipt, _owner);
                    messages.Add(message);
                }
                return new WorkDelivery<LocalMessage>(messages, poisoned);
            },
            durable: false,
            cancellationToken);

    /// <summary>Deletes a message whose work is done.</summary>
    /// <returns>False if the lease was lost. The message then belongs to another worker.</returns>
    public override Task<bool> CompleteAsync(LocalMessage message, CancellationToken cancellationToken) =>
        ChangeAsync($"DELETE FROM message WHERE {Owned}", cancellationToken, message.Id, message.Receipt);

    /// <summary>Returns a message whose work failed. It is delivered again after the delay.</summary>
    /// <returns>False if the lease was lost.</returns>
    public override async Task<bool> AbandonAsync(
        LocalMessage message, TimeSpan delay, string error, CancellationToken cancellationToken)
    {
        var mine = await ChangeAsync(
            $"UPDATE message SET visible_at=$3, owner=NULL, receipt=receipt+1, error=$4 WHERE {Owned}",
            cancellationToken, message.Id, message.Receipt, Now() + MessageDelay.Bound(delay).Ticks, error);
        For(message.Queue).Set();
        return mine;
    }

    /// <summary>
    /// Returns a message whose work was stopped but did not fail. It is delivered again at once, and the delivery does
    /// not count.
    /// </summary>
    /// <returns>False if the lease was lost.</returns>
    public override async Task<bool> ReleaseAsync(LocalMessage message, CancellationToken cancellationToken)
    {
        var mine = await ChangeAsync(
            "UPDATE message SET visible_at=$3, owner=NULL, receipt=receipt+1, "
                + $"dequeue_count=dequeue_count-1 WHERE {Owned}",
            cancellationToken, message.Id, message.Receipt, Now());
        For(message.Queue).Set();
        return mine;
    }

    /// <summary>Extends the leases of messages by <paramref name="visibility"/> from now.</summary>
    /// <returns>The messages whose lease was lost.</returns>
    public override Task<IReadOnlyList<LocalMessage>> ExtendAsync(
        IReadOnlyList<LocalMessage> messages, TimeSpan visibility, CancellationToken cancellationToken) =>
        database.WriteAsync<IReadOnlyList<LocalMessage>>(
            session => [.. messages.Where(message =>
                session.Execute(
                    $"UPDATE message SET visible_at=$3 WHERE {Owned}", message.Id, message.Receipt,
                    Now() + visibility.Ticks) == 0)],
            durable: false,
            cancellationToken);

    /// <summary>Moves a message to the poison queue.</summary>
    /// <returns>False if the lease was lost.</returns>
    public override Task<bool> DeadLetterAsync(
        LocalMessage message, string reason, CancellationToken cancellationToken) =>
        database.WriteAsync(session => Poison(session, message, reason), durable: false, cancellationToken);

    /// <inheritdoc/>
    public override Task<IReadOnlyList<ReadOnlyMemory<byte>>> PeekAsync(
        string queue, int max, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<ReadOnlyMemory<byte>>>(
            session => [.. Select(session, queue, max).Select(message => message.Body)], cancellationToken);

    /// <inheritdoc/>
    public override Task<long> CountAsync(string queue, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => (long)session.Scalar("SELECT COUNT(*) FROM message WHERE queue=$1", queue)!, cancellationToken);

    /// <summary>Returns the messages of a poison queue, the oldest first.</summary>
    /// <param name="queue">The queue they were sent to, without the suffix.</param>
    /// <param name="max">Maximum number of messages.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public Task<IReadOnlyList<LocalMessage>> GetPoisonAsync(
        string queue, int max, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<LocalMessage>>(
            session => Select(session, queue + QueueNames.PoisonSuffix, max), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DeadLetter>> GetDeadLettersAsync(
        string queue, int max, CancellationToken cancellationToken) =>
        [
            .. (await GetPoisonAsync(queue, max, cancellationToken)).Select(message => DeadLetter.Of(
                queue, message.Id.ToString(CultureInfo.InvariantCulture), message.Body.Span, message.Error,
                message.VisibleAt)),
        ];

    /// <summary>Returns the counts of every queue that has messages. Poison queues count with their queue.</summary>
    public Task<IReadOnlyDictionary<string, QueueCounts>> CountAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyDictionary<string, QueueCounts>>(
            session =>
            {
                var counts = new Dictionary<string, QueueCounts>();
                using var rows = session.Query(
                    "SELECT queue, SUM(visible_at<=$1), SUM(visible_at>$1) FROM message GROUP BY queue", Now());
                while (rows.Read())
                {
                    var (queue, visible, invisible) = (rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2));
                    var isPoison = queue.EndsWith(QueueNames.PoisonSuffix, StringComparison.Ordinal);
                    var name = isPoison ? queue[..^QueueNames.PoisonSuffix.Length] : queue;
                    var before = counts.GetValueOrDefault(name) ?? new(0, 0, 0);
                    counts[name] = isPoison
                        ? before with { Poison = visible + invisible }
                        : before with { Visible = visible, Invisible = invisible };
                }
                return counts;
            },
            cancellationToken);

    /// <summary>Whether a queue has a message that can be delivered now.</summary>
    public override Task<bool> HasVisibleAsync(string queue, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session =>
                session.Scalar(
                    "SELECT 1 FROM message WHERE queue=$1 AND visible_at<=$2 LIMIT 1", queue, Now()) is not null,
            cancellationToken);

    /// <inheritdoc/>
    public override Task<DateTimeOffset?> WaitingSinceAsync(string queue, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session =>
                session.Scalar("SELECT MIN(visible_at) FROM message WHERE queue=$1", queue) is long since
                    && since <= Now()
                    ? new DateTimeOffset(since, TimeSpan.Zero)
                    : (DateTimeOffset?)null,
            cancellationToken);

    /// <summary>Waits until the queue may have a message to deliver, at most 250 ms.</summary>
    public override async Task WaitAsync(string queue, CancellationToken cancellationToken)
    {
        var next = await database.ReadAsync(
            session => session.Scalar("SELECT MIN(visible_at) FROM message WHERE queue=$1", queue), cancellationToken);
        var wait = next is long visibleAt
            ? new TimeSpan(Math.Min(visibleAt - Now(), PollInterval.Ticks))
            : PollInterval;
        if (wait > TimeSpan.Zero)
            await For(queue).WaitAsync(wait, time, cancellationToken);
    }

    private static List<string> EndedOwners(SqlSession session)
    {
        var owners = new List<string>();
        using (var rows = session.Query("SELECT DISTINCT owner FROM message WHERE owner IS NOT NULL"))
        {
            while (rows.Read())
                owners.Add(rows.GetString(0));
        }
        return owners.FindAll(ProcessOwner.HasEnded);
    }

    private List<LocalMessage> Select(SqlSession session, string queue, int max)
    {
        var messages = new List<LocalMessage>();
        using var rows = session.Query(
            "SELECT id, receipt, body, dequeue_count, error, visible_at FROM message "
                + "WHERE queue=$1 AND visible_at<=$2 ORDER BY visible_at, id LIMIT $3",
            queue, Now(), max);
        while (rows.Read())
        {
            messages.Add(new(
                queue, rows.GetInt64(0), rows.GetInt64(1), rows.GetBytes(2), rows.GetInt32(3),
                rows.IsNull(4) ? null : rows.GetString(4))
            {
                VisibleAt = new(rows.GetInt64(5), TimeSpan.Zero),
            });
        }
        return messages;
    }

    private bool Poison(SqlSession session, LocalMessage message, string reason) =>
        session.Execute(
            $"UPDATE message SET queue=queue||'{QueueNames.PoisonSuffix}', visible_at=$3, owner=NULL, "
                + $"receipt=receipt+1, error=$4 WHERE {Owned}",
            message.Id, message.Receipt, Now(), reason) > 0;

    private async Task<bool> ChangeAsync(string sql, CancellationToken cancellationToken, params object?[] arguments) =>
        await database.WriteAsync(session => session.Execute(sql, arguments), durable: false, cancellationToken) > 0;

    private long Now() => time.GetUtcNow().UtcTicks;

    private Signal For(string queue) => _signals.GetOrAdd(queue, static _ => new());
}
