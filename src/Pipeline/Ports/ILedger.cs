using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>
/// The state of every list, submission, task and input. The ledger, not a queue, is the source of truth.
/// </summary>
/// <remarks>
/// Contract: creates are create-if-absent; an existing row stays as it is. Updates require the <c>Version</c> that was
/// read, and return null after a concurrent change: the caller reads again and decides again. A completed write
/// survives a crash of the process. A completed write of a submission (above all the intent of a POST) also survives a
/// power loss. A crash may leave a create of several rows incomplete; repeating it completes it. If the store is
/// unavailable, methods throw a transient <see cref="PipelineException"/>.
/// </remarks>
public interface ILedger : ISeriesLedger
{
    /// <summary>Creates a list unless it exists. Returns the stored list with its version.</summary>
    Task<ListEntry> CreateListAsync(ListEntry list, CancellationToken cancellationToken);

    /// <summary>Returns a list; null if it does not exist.</summary>
    Task<ListEntry?> GetListAsync(string listId, CancellationToken cancellationToken);

    /// <summary>
    /// Whether a list of this id was erased. Its id is never used again, because late messages and webhooks may still
    /// name it.
    /// </summary>
    Task<bool> IsErasedAsync(string listId, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>Returns the ids of all lists, open and closed, in any order.</summary>
    IAsyncEnumerable<string> GetListIdsAsync(CancellationToken cancellationToken);

    /// <summary>Returns the lists in state Planning or Open, in any order.</summary>
    IAsyncEnumerable<ListEntry> GetOpenListsAsync(CancellationToken cancellationToken);

    /// <summary>Returns the refused lists, in any order.</summary>
    IAsyncEnumerable<ListEntry> GetRefusedListsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Writes a list if its version is current. Returns it with its new version; null after a conflict.
    /// </summary>
    Task<ListEntry?> UpdateListAsync(ListEntry list, CancellationToken cancellationToken);

    /// <summary>
    /// Creates a submission and its inputs unless they exist. Writes the inputs before the submission, so a submission
    /// that can be read has all its inputs.
    /// </summary>
    Task CreateSubmissionAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken);

    /// <summary>Returns a submission; null if it does not exist.</summary>
    Task<SubmissionEntry?> GetSubmissionAsync(string submissionId, CancellationToken cancellationToken);

    /// <summary>
    /// Returns the submissions of a list whose sequence is at least <paramref name="from"/>, ordered by sequence.
    /// </summary>
    IAsyncEnumerable<SubmissionEntry> GetSubmissionsAsync(
        string listId, int from, CancellationToken cancellationToken);

    /// <summary>
    /// Returns up to <paramref name="max"/> submissions whose <see cref="SubmissionEntry.DueAt"/> is not later than
    /// <paramref name="now"/>, the longest overdue first.
    /// </summary>
    Task<IReadOnlyList<SubmissionEntry>> GetDueSubmissionsAsync(
        DateTimeOffset now, int max, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a submission if its version is current. Returns it with its new version; null after a conflict.
    /// </summary>
    Task<SubmissionEntry?> UpdateSubmissionAsync(SubmissionEntry submission, CancellationToken cancellationToken);

    /// <summary>Returns the inputs of a submission, ordered by ordinal.</summary>
    Task<IReadOnlyList<InputEntry>> GetInputsAsync(string submissionId, CancellationToken cancellationToken);

    /// <summary>Returns an input; null if it does not exist.</summary>
    Task<InputEntry?> GetInputAsync(string submissionId, int ordinal, CancellationToken cancellationToken);

    /// <summary>
    /// Counts the inputs of a submission by outcome; all zero if the submission does not exist. Cheap enough to call
    /// for every page view: it reads no whole inputs.
    /// </summary>
    Task<OutcomeCounts> CountOutcomesAsync(string submissionId, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the inputs whose versions are current. Returns them in the same order with their new versions; null for
    /// each input with a conflict.
    /// </summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="tasks">
    /// Tasks of the same submission that were found to work on one of the inputs. Each gets the input's ordinal, in the
    /// same transaction unless an input has a conflict.
    /// </param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    Task<IReadOnlyList<InputEntry?>> UpdateInputsAsync(
        IReadOnlyList<InputEntry> inputs, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken);

    /// <summary>
    /// Adds tasks of one submission. An existing task keeps its row. It gets an ordinal if it had none, and stays ended
    /// once it was added as ended.
    /// </summary>
    Task AddTasksAsync(string submissionId, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken);

    /// <summary>Returns a task of a submission; null if the submission has no such task.</summary>
    Task<TaskEntry?> GetTaskAsync(string submissionId, string taskId, CancellationToken cancellationToken);

    /// <summary>
    /// Returns those of the given tasks that the submission has, with their inputs, in any order: one read, or a few
    /// where the store limits a query.
    /// </summary>
    Task<IReadOnlyList<TaskInput>> GetTaskInputsAsync(
        string submissionId, IReadOnlyCollection<string> taskIds, CancellationToken cancellationToken);

    /// <summary>Returns the tasks of a submission, in any order.</summary>
    Task<IReadOnlyList<TaskEntry>> GetTasksAsync(string submissionId, CancellationToken cancellationToken);

    /// <summary>
    /// Reserves URLs in a budget, all or none, unless the budget would then exceed <paramref name="limit"/>. Reserving
    /// for the same name again changes nothing, so a caller that does not know whether a reservation succeeded repeats
    /// it. Concurrent callers never reserve more than the limit.
    /// </summary>
    /// <param name="budget">
    /// Name of the budget: letters, digits, <c>.</c>, <c>-</c> and <c>_</c>. A budget that does not exist is empty.
    /// </param>
    /// <param name="name">Name of the reservation, of the same characters.</param>
    /// <param name="urls">Number of URLs, at least one.</param>
    /// <param name="limit">Maximum number of URLs reserved in the budget.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns>
    /// <paramref name="urls"/> if they are reserved; otherwise the smaller number that could be reserved.
    /// </returns>
    Task<long> ReserveAsync(string budget, string name, int urls, long limit, CancellationToken cancellationToken);

    /// <summary>Releases a reservation. Does nothing if there is none of that name.</summary>
    Task ReleaseAsync(string budget, string name, CancellationToken cancellationToken);

    /// <summary>Returns the number of URLs reserved in a budget.</summary>
    Task<long> GetReservedAsync(string budget, CancellationToken cancellationToken);
}
