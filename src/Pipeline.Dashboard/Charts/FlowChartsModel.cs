namespace Pipeline.Dashboard.Charts;

/// <summary>How fast records came.</summary>
/// <param name="Points">The stretches of time, the oldest first.</param>
/// <param name="IsDay">Whether they cover a day, else an hour.</param>
internal sealed record FlowChartsModel(IReadOnlyList<FlowPoint> Points, bool IsDay);
