using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports;

namespace Pipeline.Tests.Intake;

/// <summary>
/// The part of a ledger that Intake uses, in memory. Every call goes through <c>call</c>, which may make it fail.
/// </summary>
internal sealed class FakeLedger(Func<Func<object?>, Task<object?>> call) : ILedger
{
    public Dictionary<string, ListEntry> Lists { get; } = [];

    public Dictionary<string, SubmissionEntry> Submissions { get; } = [];

    public Dictionary<string, IReadOnlyList<InputEntry>> Inputs { get; } = [];

    public Dictionary<(string Series, string Key), SeriesEntry> Series { get; } = [];

    public Dictionary<(string ListId, int Block), byte[]> Pins { get; } = [];

    public SortedSet<(DateTimeOffset RunAt, string Series, string ListId)> Runs { get; } = [];

    public async Task<ListEntry> CreateListAsync(ListEntry list, CancellationToken cancellationToken) =>
        (ListEntry)(await call(() =>
    {
        Lists.TryAdd(list.ListId, list with { Version = "1" });
        return Lists[list.ListId];
    }))!;

    public async Task<ListEntry?> GetListAsync(string listId, CancellationToken cancellationToken) =>
        (ListEntry?)await call(() => Lists.GetValueOrDefault(listId));

    public async Task<ListEntry?> UpdateListAsync(ListEntry list, CancellationToken cancellationToken) =>
        (ListEntry?)await call(() =>
    {
        if (Lists[list.ListId].Version != list.Version)
            return null;
        return Lists[list.ListId] = list with { Version = list.Version + "+" };
    });

    public Task CreateSubmissionAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken) => call(() =>
    {
        Inputs.TryAdd(submission.SubmissionId, inputs);
        Submissions.TryAdd(submission.SubmissionId, submission);
        return null;
    });

    public Task<OutcomeCounts> CountOutcomesAsync(string submissionId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public async Task<SubmissionEntry?> GetSubmissionAsync(string submissionId, CancellationToken cancellationToken) =>
        (SubmissionEntry?)await call(() => Submissions.GetValueOrDefault(submissionId));

    public async Task<IReadOnlyList<InputEntry>> GetInputsAsync(
        string submissionId, CancellationToken cancellationToken) =>
        (IReadOnlyList<InputEntry>)(await call(() => Inputs.GetValueOrDefault(submissionId) ?? []))!;

    public IAsyncEnumerable<string> GetListIdsAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<ListEntry> GetOpenListsAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<ListEntry> GetRefusedListsAsync(CancellationToken cancellationToken) =>
        Lists.Values.Where(list => list.State == ListState.Refused).ToAsyncEnumerable();

    public IAsyncEnumerable<SubmissionEntry> GetSubmissionsAsync(
        string listId, int from, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<SubmissionEntry>> GetDueSubmissionsAsync(
        DateTimeOffset now, int max, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SubmissionEntry?> UpdateSubmissionAsync(
        SubmissionEntry submission, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<InputEntry?> GetInputAsync(string submissionId, int ordinal, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<InputEntry?>> UpdateInputsAsync(
        IReadOnlyList<InputEntry> inputs, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<TaskInput>> GetTaskInputsAsync(
        string submissionId, IReadOnlyCollection<string> taskIds, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task AddTasksAsync(
        string submissionId, IReadOnlyList<TaskEntry> tasks,
        CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<TaskEntry?> GetTaskAsync(string submissionId, string taskId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<long> ReserveAsync(
        string budget, string name, int urls, long limit,
        CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task ReleaseAsync(string budget, string name, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<long> GetReservedAsync(string budget, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<SeriesEntry> GetSeriesAsync(string series, CancellationToken cancellationToken) =>
        Series.Where(e => e.Key.Series == series).Select(e => e.Value).ToAsyncEnumerable();

    public Task PutSeriesAsync(
        string series, IReadOnlyList<SeriesEntry> entries, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public async Task<byte[]> PinAsync(
        string listId, int block, byte[] pin, CancellationToken cancellationToken) => (byte[])(await call(() =>
    {
        Pins.TryAdd((listId, block), pin);
        return Pins[(listId, block)];
    }))!;

    public IAsyncEnumerable<byte[]> GetPinsAsync(string listId, CancellationToken cancellationToken) =>
        Pins.Where(p => p.Key.ListId == listId).OrderBy(p => p.Key.Block).Select(p => p.Value).ToAsyncEnumerable();

    public Task AddRunAsync(string series, SeriesRun run, CancellationToken cancellationToken) =>
        call(() => Runs.Add((run.RunAt, series, run.ListId)));

    public IAsyncEnumerable<SeriesRun> GetRunsAsync(string series, CancellationToken cancellationToken) =>
        Runs.Reverse().Where(r => r.Series == series).Select(r => new SeriesRun(r.ListId, r.RunAt))
            .ToAsyncEnumerable();

    public Task<IReadOnlyList<TaskEntry>> GetTasksAsync(string submissionId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
