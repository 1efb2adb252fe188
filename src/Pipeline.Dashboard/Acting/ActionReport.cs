using Pipeline.Model;
using Pipeline.Model.Actions;

namespace Pipeline.Dashboard.Acting;

/// <summary>How far an action is, for people.</summary>
/// <param name="Title">What was asked for.</param>
/// <param name="StartedAt">When, UTC.</param>
/// <param name="Text">How far it is, or how it ended.</param>
/// <param name="Done">Number of units done.</param>
/// <param name="Of">Number of all units; 0 while unknown.</param>
/// <param name="IsUnderWay">Whether it goes on.</param>
internal sealed record ActionReport(
    string Title, DateTimeOffset StartedAt, string Text, int Done, int Of, bool IsUnderWay)
{
    // Its process writes six times as often.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>Whether the process of an action still works on it.</summary>
    public static bool IsAlive(ActionEntry action, DateTimeOffset now) =>
        action.Result is null && now - action.UpdatedAt < Silence;

    /// <summary>Reports an action.</summary>
    /// <param name="action">The action.</param>
    /// <param name="now">The time, UTC.</param>
    public static ActionReport From(ActionEntry action, DateTimeOffset now)
    {
        var isAlive = IsAlive(action, now);
        return new(
            action.Title, action.StartedAt, action.Result ?? (isAlive ? Progress(action) : Lost(action)), action.Done,
            action.Of, isAlive);
    }

    private static string Progress(ActionEntry action) => action.Of == 0
        ? "It is under way."
        : $"{action.Done:N0} of {Amount.Of(action.Of, action.Unit)} done. {action.Note}";

    private static string Lost(ActionEntry action) => action.Of == 0
        ? "Its process ended before it said how far it was. Do it again: what was done is not done again."
        : $"Its process ended at {action.Done:N0} of {Amount.Of(action.Of, action.Unit)}. {action.Note} "
            + "Do it again for the rest: what was done is not done again.";
}
