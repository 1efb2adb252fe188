using Pipeline.Model;
using Pipeline.Model.Actions;

namespace Pipeline.Dashboard.Acting;

/// <summary>How far an action is.</summary>
/// <param name="Done">Number of units done.</param>
/// <param name="Of">Number of all units; 0 while unknown.</param>
/// <param name="Unit">What is counted, such as <c>submission</c>.</param>
/// <param name="Note">What it did so far, in a sentence for people.</param>
internal sealed record BulkProgress(int Done, int Of, string Unit, string Note)
{
    /// <summary>Before anything is known.</summary>
    public static BulkProgress None { get; } = new(0, 0, "", "");
}

/// <summary>An action of this process.</summary>
/// <param name="subject">What it is done to: a list, or <see cref="ActionEntry.AllLists"/>.</param>
/// <param name="title">What was asked for, for people.</param>
/// <param name="startedAt">When, UTC.</param>
internal sealed class BulkAction(string subject, string title, DateTimeOffset startedAt) : IProgress<BulkProgress>
{
    private volatile BulkProgress _progress = BulkProgress.None;

    /// <summary>What it is done to.</summary>
    public string Subject => subject;

    /// <summary>When it began, UTC.</summary>
    public DateTimeOffset StartedAt => startedAt;

    /// <summary>How far it is.</summary>
    public BulkProgress Progress => _progress;

    /// <summary>Ends with what was done, in a sentence for people.</summary>
    public required Task<string> Work { get; init; }

    /// <summary>Ends when the ledger has the result too.</summary>
    public Task Recorded { get; set; } = Task.CompletedTask;

    /// <inheritdoc/>
    public void Report(BulkProgress value) => _progress = value;

    /// <summary>What the ledger keeps of it.</summary>
    /// <param name="now">The time, UTC.</param>
    public ActionEntry ToEntry(DateTimeOffset now) => new()
    {
        Subject = subject,
        Title = title,
        StartedAt = startedAt,
        UpdatedAt = now,
        Done = Progress.Done,
        Of = Progress.Of,
        Unit = Progress.Unit,
        Note = Progress.Note,
        Result = Work.IsCompleted ? Result() : null,
    };

    private string Result() => Work switch
    {
        { IsCompletedSuccessfully: true } => Work.Result,
        { Exception.InnerException: PipelineException problem } => problem.Message,
        _ => "It was cut short by an error. Repeat it: what was done is not done again.",
    };
}
