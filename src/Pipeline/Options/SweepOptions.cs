using System.ComponentModel.DataAnnotations;

namespace Pipeline.Options;

/// <summary>Sweep.</summary>
public sealed class SweepOptions
{
    /// <summary>
    /// Without webhooks: the first look after a POST. Later looks are spaced out up to <see cref="MaxPollInterval"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest time between two looks at a submission that bring no news.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan MaxPollInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>With webhooks: how long after the POST, and after each look, a submission counts as overdue.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan WebhookGrace { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>When an unfinished task counts as expired: the API drops pending tasks after 24 hours.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "30.00:00:00")]
    public TimeSpan TaskDeadline { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long after an unproven POST evidence is looked for before its inputs end as <c>submission_unknown</c>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "30.00:00:00")]
    public TimeSpan EvidenceWindow { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How often evidence is looked for after that, until <see cref="TaskDeadline"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "7.00:00:00")]
    public TimeSpan LateInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long after its intent an open POST is first looked for at the other side, in case its process died.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan PostingCheck { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a POST that a crash cut off is left alone before it is called unknown; longer than
    /// <see cref="NimbleOptions.Timeout"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan PostingLease { get; set; } = TimeSpan.FromSeconds(240);
}
