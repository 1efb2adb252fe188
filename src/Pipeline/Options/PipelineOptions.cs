namespace Pipeline.Options;

/// <summary>All settings of the stages. Hosts fill them; all faults are reported at once, at start.</summary>
public sealed class PipelineOptions : ISettings
{
    /// <summary>The Nimble API.</summary>
    public NimbleOptions Nimble { get; set; } = new();

    /// <summary>Where Nimble writes results and which address it calls.</summary>
    public DeliveryOptions Delivery { get; set; } = new();

    /// <summary>How lists are read.</summary>
    public IntakeOptions Intake { get; set; } = new();

    /// <summary>What to do about a POST when it is unknown whether Nimble accepted it.</summary>
    public SubmitOptions Submit { get; set; } = new();

    /// <summary>Which failed inputs are posted again automatically.</summary>
    public RetryOptions Retry { get; set; } = new();

    /// <summary>Limits on what is submitted.</summary>
    public GuardOptions Guards { get; set; } = new();

    /// <summary>How results are read.</summary>
    public CollectOptions Collect { get; set; } = new();

    /// <summary>How the runs of a series are compared.</summary>
    public SeriesOptions Series { get; set; } = new();

    /// <summary>When Sweep polls, and when it gives up.</summary>
    public SweepOptions Sweep { get; set; } = new();

    /// <summary>Who may read the web pages and the HTTP API, and who may act there.</summary>
    public DashboardOptions Dashboard { get; set; } = new();

    /// <summary>Who is told that a list closed.</summary>
    public NotifyOptions Notify { get; set; } = new();

    /// <summary>Which files are written when a list closes.</summary>
    public ExportOptions Export { get; set; } = new();

    /// <summary>The texts that the settings were read from.</summary>
    internal GivenSettings Given { get; set; } = GivenSettings.None;

    /// <summary>A line for each given text that cannot be read.</summary>
    internal IReadOnlyList<string> Unreadable { get; set; } = [];

    /// <summary>The option or variable that set a setting such as <c>Collect:MaxDepth</c>, else its variable.</summary>
    internal string NameOf(string setting) =>
        Given.Find($"Pipeline:{setting}")?.Source
            ?? $"Pipeline__{setting.Replace(":", "__", StringComparison.Ordinal)}";
}
