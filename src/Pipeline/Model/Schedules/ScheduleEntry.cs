using Pipeline.Model.Series;

namespace Pipeline.Model.Schedules;

/// <summary>What happens if a run is due while the previous run's list is still open.</summary>
internal enum ScheduleOverlap
{
    /// <summary>The run is skipped.</summary>
    Skip,

    /// <summary>Both lists are processed.</summary>
    Allow,
}

/// <summary>A list that is submitted repeatedly, at the times of a cron expression.</summary>
internal sealed record ScheduleEntry
{
    /// <summary>Its name: 1 to 40 letters, digits, <c>-</c> and <c>_</c>. The ids of its lists begin with it.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Five fields of cron: minute, hour, day of month, month, day of week; or a macro such as @daily.
    /// </summary>
    public required string Cron { get; init; }

    /// <summary>Name of the time zone of the fields, such as <c>Europe/Berlin</c>.</summary>
    public required string TimeZone { get; init; }

    /// <summary>Address of the list's copy.</summary>
    public required string Source { get; init; }

    /// <summary>The list's display name.</summary>
    public required string ListName { get; init; }

    /// <summary>Name of the CSV column with the URLs; null for <c>url</c>.</summary>
    public string? UrlColumn { get; init; }

    /// <summary>Extraction options for all URLs, a JSON object; null for none.</summary>
    public string? SharedInputs { get; init; }

    /// <summary>The series that each run belongs to; null for none.</summary>
    public string? Series { get; init; }

    /// <summary>Whether URLs are left out that the series has a record of.</summary>
    public bool? OnlyNew { get; init; }

    /// <summary>How old such a record may be, such as <c>30d</c>; null for any age.</summary>
    public string? MaxAge { get; init; }

    /// <summary>What happens if a run is due before the last one is done.</summary>
    public ScheduleOverlap Overlap { get; init; }

    /// <summary>Whether it submits nothing until it is resumed.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Time of the next run, UTC; null if the expression has no further time.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>Time for which the last run was due, UTC; null before the first.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>The list of the last run that was not skipped; null before the first.</summary>
    public string? LastListId { get; init; }

    /// <summary>Whether the last run was skipped because the previous list was still open.</summary>
    public bool WasSkipped { get; init; }

    /// <summary>The series fields of its lists.</summary>
    public SeriesFields SeriesFields => new(Series, OnlyNew, MaxAge);
}
