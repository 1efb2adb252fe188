using Pipeline.Model;

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

/// <summary>Something that somebody asked for and that may take long.</summary>
/// <param name="subject">What it is done to: a list, or <see cref="AllLists"/>.</param>
/// <param name="title">What was asked for, for people.</param>
/// <param name="startedAt">When, UTC.</param>
internal sealed class BulkAction(string subject, string title, DateTimeOffset startedAt) : IProgress<BulkProgress>
{
    /// <summary>The subject of actions on many lists. No list has this id.</summary>
    public const string AllLists = "*";

    private volatile BulkProgress _progress = BulkProgress.None;

    /// <summary>What it is done to.</summary>
    public string Subject => subject;

    /// <summary>What was asked for, for people.</summary>
    public string Title => title;

    /// <summary>When, UTC.</summary>
    public DateTimeOffset StartedAt => startedAt;

    /// <summary>How far it is.</summary>
    public BulkProgress Progress => _progress;

    /// <summary>Ends with what was done, in a sentence for people.</summary>
    public required Task<string> Work { get; init; }

    /// <inheritdoc/>
    public void Report(BulkProgress value) => _progress = value;

    /// <summary>How far it is, in a sentence for people.</summary>
    public string Describe() => Work switch
    {
        { IsCompletedSuccessfully: true } => Work.Result,
        { IsFaulted: true } => Work.Exception.InnerException is PipelineException problem
            ? problem.Message
            : "It was cut short by an error. Repeat it: what was done is not done again.",
        { IsCanceled: true } => "It was cut short. Repeat it: what was done is not done again.",
        _ when Progress.Of == 0 => "It is under way.",
        _ => $"{Progress.Done:N0} of {Amount.Of(Progress.Of, Progress.Unit)} done. {Progress.Note}",
    };
}
