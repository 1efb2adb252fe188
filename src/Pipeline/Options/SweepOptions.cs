namespace Pipeline.Options;

/// <summary>Settings of Sweep: how often it polls, and how long it waits.</summary>
public sealed class SweepOptions : ISettings
{
    /// <summary>
    /// Without webhooks: time from a POST to the first poll. Later polls are further apart, up to
    /// <see cref="MaxPollInterval"/>.
    /// </summary>
    [Range<TimeSpan>("00:00:00.01", "1.00:00:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest time between two polls of a submission without news.</summary>
    [Range<TimeSpan>("00:00:00.01", "1.00:00:00")]
    public TimeSpan MaxPollInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>With webhooks: time after the POST, and after each poll, until a submission is overdue.</summary>
    [Range<TimeSpan>("00:00:00.01", "1.00:00:00")]
    public TimeSpan WebhookGrace { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Age at which an unfinished task has expired. The API drops pending tasks after 24 hours.</summary>
    [Range<TimeSpan>("00:00:00.1", "30.00:00:00")]
    public TimeSpan TaskDeadline { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long evidence of a POST without an answer is looked for before its inputs fail with
    /// <c>submission_unknown</c>.
    /// </summary>
    [Range<TimeSpan>("00:00:00.1", "30.00:00:00")]
    public TimeSpan EvidenceWindow { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Time between looks for evidence after that, until <see cref="TaskDeadline"/>.</summary>
    [Range<TimeSpan>("00:00:00.1", "7.00:00:00")]
    public TimeSpan LateInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Time after which a POST without an answer is first looked for at Nimble, in case its process died.
    /// </summary>
    [Range<TimeSpan>("00:00:00.01", "01:00:00")]
    public TimeSpan PostingCheck { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time after which an interrupted POST becomes unknown; longer than <see cref="NimbleOptions.Timeout"/>.
    /// </summary>
    [Range<TimeSpan>("00:00:00.1", "1.00:00:00")]
    public TimeSpan PostingLease { get; set; } = TimeSpan.FromSeconds(240);
}
