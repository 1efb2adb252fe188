using Pipeline.Ledger;

namespace Pipeline.Ports;

/// <summary>
/// What is known of every list, submission, task and input. The ledger, not any queue, is the truth.
/// </summary>
/// <remarks>
/// Contract: creates are create-if-absent (what is there wins); updates are conditional on the <c>Version</c> that was read, and return null when
/// somebody else was first: the caller reads again and decides anew. A write that returned survives a crash of the process; one of a submission
/// (the intent of a POST above all) survives a loss of power too. Multi-row creates may be torn by a crash and are healed by repeating them.
/// Errors to reach the store are transient <see cref="PipelineException"/>s.
/// </remarks>
public interface ILedger
{
    /// <summary>Creates a list unless it exists; returns what is there afterwards, with its version.</summary>
    Task<ListEntry> CreateListAsync(ListEntry list, CancellationToken cancellationToken);

    /// <summary>One list, or null.</summary>
    Task<ListEntry?> GetListAsync(string listId, CancellationToken cancellationToken);

    /// <summary>The ids of all lists, open and closed, in any order.</summary>
    IAsyncEnumerable<string> GetListIdsAsync(CancellationToken cancellationToken);

    /// <summary>Lists that are being planned or worked on.</summary>
    IAsyncEnumerable<ListEntry> GetOpenListsAsync(CancellationToken cancellationToken);

    /// <summary>Lists that were refused, in any order.</summary>
    IAsyncEnumerable<ListEntry> GetRefusedListsAsync(CancellationToken cancellationToken);

    /// <summary>Writes a list if its version is still the one read; returns it with the new version, or null.</summary>
    Task<ListEntry?> UpdateListAsync(ListEntry list, CancellationToken cancellationToken);

    /// <summary>Creates a submission and its inputs unless they exist. Inputs are written before the submission's own row: a submission that can be read is whole.</summary>
    Task CreateSubmissionAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken);

    /// <summary>One submission, or null.</summary>
    Task<SubmissionEntry?> GetSubmissionAsync(string submissionId, CancellationToken cancellationToken);

    /// <summary>The submissions of a list, by sequence.</summary>
    IAsyncEnumerable<SubmissionEntry> GetSubmissionsAsync(string listId, CancellationToken cancellationToken);

    /// <summary>Up to <paramref name="max"/> submissions whose <see cref="SubmissionEntry.DueAt"/> is not later than <paramref name="now"/>, the longest overdue first.</summary>
    Task<IReadOnlyList<SubmissionEntry>> GetDueSubmissionsAsync(DateTimeOffset now, int max, CancellationToken cancellationToken);

    /// <summary>Writes a submission if its version is still the one read; returns it with the new version, or null.</summary>
    Task<SubmissionEntry?> UpdateSubmissionAsync(SubmissionEntry submission, CancellationToken cancellationToken);

    /// <summary>The inputs of a submission, by ordinal.</summary>
    Task<IReadOnlyList<InputEntry>> GetInputsAsync(string submissionId, CancellationToken cancellationToken);

    /// <summary>One input, or null.</summary>
    Task<InputEntry?> GetInputAsync(string submissionId, int ordinal, CancellationToken cancellationToken);

    /// <summary>
    /// How the inputs of a submission stand now; all zero where it is not known. Cheap enough for every look of every page: no input is read whole.
    /// </summary>
    Task<OutcomeCounts> CountOutcomesAsync(string submissionId, CancellationToken cancellationToken);

    /// <summary>Writes those inputs whose version is still the one read; returns them with new versions, null in the place of each that was not written.</summary>
    Task<IReadOnlyList<InputEntry?>> UpdateInputsAsync(IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken);

    /// <summary>Adds tasks of one submission. A task that is there keeps its row, but gains an ordinal if it had none, and is over once it was said to be.</summary>
    Task AddTasksAsync(string submissionId, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken);

    /// <summary>One task of a submission, or null when it is not known to belong there.</summary>
    Task<TaskEntry?> GetTaskAsync(string submissionId, string taskId, CancellationToken cancellationToken);

    /// <summary>The tasks of a submission.</summary>
    Task<IReadOnlyList<TaskEntry>> GetTasksAsync(string submissionId, CancellationToken cancellationToken);

    /// <summary>
    /// Takes URLs out of a budget, all or none, unless more than <paramref name="limit"/> would then be taken. A name that has its URLs already keeps them, so
    /// that whoever does not know whether it succeeded does it again; no number of workers takes more than the limit.
    /// </summary>
    /// <param name="budget">Letters, digits, <c>.</c>, <c>-</c> and <c>_</c>; one that is not there is empty.</param>
    /// <param name="name">For whom, of the same characters.</param>
    /// <param name="urls">How many, at least one.</param>
    /// <param name="limit">How many may be taken in all.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns><paramref name="urls"/> when they are taken; else how many, fewer than that, could have been.</returns>
    Task<long> ReserveAsync(string budget, string name, int urls, long limit, CancellationToken cancellationToken);

    /// <summary>Gives back what a name has taken; nothing where it has not.</summary>
    Task ReleaseAsync(string budget, string name, CancellationToken cancellationToken);

    /// <summary>How many URLs are taken out of a budget.</summary>
    Task<long> GetReservedAsync(string budget, CancellationToken cancellationToken);
}
