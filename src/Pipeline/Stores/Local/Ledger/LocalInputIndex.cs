using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>Finds inputs in the state of one machine.</summary>
internal sealed class LocalInputIndex(LocalDatabase database) : IInputIndex
{
    // Submissions planned by an older version have no filter, so all of their inputs are read.
    private const int MaxCandidates = 1000;

    /// <inheritdoc/>
    public Task<FoundInputs> FindAsync(InputQuery query, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => Find(session, query, max), cancellationToken);

    private static FoundInputs Find(SqlSession session, InputQuery query, int max)
    {
        var found = new List<InputEntry>();
        var (read, isExact) = (0, true);
        foreach (var (submissionId, ordinal) in Candidates(session, query))
        {
            if (++read > MaxCandidates || found.Count == max)
                return new(found, IsComplete: false);
            var inputs = ordinal is { } place
                ? LedgerRows.Input(session, submissionId, place) is { } one ? [one] : []
                : LedgerRows.Inputs(session, submissionId);
            var matches = inputs.Where(input => ordinal is not null || KeyFilter.IsMatch(input, query)).ToList();
            isExact &= matches.Count > 0 || query.Key != InputKey.Task;
            found.AddRange(KeyFilter.Choose(inputs, matches, query).Take(max - found.Count));
        }

        return new(found, IsComplete: true, isExact);
    }

    private static List<(string SubmissionId, int? Ordinal)> Candidates(SqlSession session, InputQuery query)
    {
        var candidates = new List<(string SubmissionId, int? Ordinal)>();
        using var rows = Query(session, query);
        while (rows.Read())
        {
            var filter = rows.IsNull(1) ? [] : rows.GetBytes(1);
            if (KeyFilter.MayHold(filter, query))
                candidates.Add((rows.GetString(0), rows.IsNull(2) ? null : rows.GetInt32(2)));
        }

        return candidates;
    }

    private static SqlRows Query(SqlSession session, InputQuery query) => query.Key switch
    {
        // The order of the join makes it one look-up for each submission instead of a scan of all tasks.
        InputKey.Task => session.Query(
            "SELECT s.submission_id, NULL, t.ordinal FROM submission s CROSS JOIN task t "
                + "ON t.submission_id=s.submission_id AND t.task_id=$1 WHERE $2 IS NULL OR s.list_id=$2",
            query.Value, query.ListId),
        InputKey.Batch => session.Query(
            "SELECT submission_id, NULL, NULL FROM submission WHERE batch_id=$1 AND ($2 IS NULL OR list_id=$2)",
            query.Value, query.ListId),
        _ => session.Query(
            "SELECT s.submission_id, f.bits, NULL FROM submission s LEFT JOIN input_filter f "
                + "ON f.submission_id=s.submission_id WHERE $1 IS NULL OR s.list_id=$1 ORDER BY s.rowid DESC",
            query.ListId),
    };
}
