namespace Pipeline.Records;

/// <summary>Counts what was read of one list, and compares it with the list's manifest.</summary>
internal sealed class ListTally
{
    private readonly Dictionary<string, long> _statuses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Records, long Failures)> _submissions = new(StringComparer.Ordinal);

    public long Records { get; private set; }

    public long Failures { get; private set; }

    public void Add(Record record)
    {
        Records++;
        Count(_statuses, record.HttpStatus?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unknown");
        var (records, failures) = _submissions.GetValueOrDefault(record.SubmissionId);
        _submissions[record.SubmissionId] = (records + 1, failures);
    }

    public void Add(Failure failure)
    {
        Failures++;
        Count(_reasons, failure.Reason);
        var (records, failures) = _submissions.GetValueOrDefault(failure.SubmissionId);
        _submissions[failure.SubmissionId] = (records, failures + 1);
    }

    public void Compare(Manifest manifest, ProblemList problems, string file)
    {
        var list = manifest.ListId;
        problems.Compare(
            manifest.Inputs, manifest.Records + manifest.Failures, "records + failures of the manifest", list, file);
        problems.Compare(manifest.Records, Records, "records", list);
        problems.Compare(manifest.Failures, Failures, "failures", list);
        Compare(manifest.RecordsByHttpStatus, _statuses, "records with HTTP status", list, problems);
        Compare(manifest.FailuresByReason, _reasons, "failures with reason", list, problems);
        foreach (var submission in manifest.Submissions ?? [])
        {
            var (records, failures) = _submissions.GetValueOrDefault(submission.SubmissionId);
            problems.Compare(submission.Records, records, $"records of submission {submission.SubmissionId}", list);
            problems.Compare(submission.Failures, failures, $"failures of submission {submission.SubmissionId}", list);
            _submissions.Remove(submission.SubmissionId);
        }
        if (manifest.Submissions is not null)
            foreach (var (unknown, (records, failures)) in _submissions)
                problems.Compare(
                    0, records + failures, $"outcomes of submission {unknown}, which the manifest does not have", list);
    }

    private static void Compare(
        IReadOnlyDictionary<string, long>? expected, Dictionary<string, long> found, string what, string? list,
        ProblemList problems)
    {
        if (expected is null)
            return;
        foreach (var name in expected.Keys.Union(found.Keys))
            problems.Compare(
                expected.GetValueOrDefault(name), found.GetValueOrDefault(name), $"{what} {name}", list);
    }

    private static void Count(Dictionary<string, long> counts, string name) =>
        counts[name] = counts.GetValueOrDefault(name) + 1;
}
