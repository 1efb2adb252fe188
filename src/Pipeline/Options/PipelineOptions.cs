namespace Pipeline.Options;

/// <summary>Every setting of the stages. Hosts fill it; all faults are reported at once, at start.</summary>
public sealed class PipelineOptions
{
    /// <summary>The API.</summary>
    public NimbleOptions Nimble { get; set; } = new();

    /// <summary>Where Nimble delivers and whom it calls.</summary>
    public DeliveryOptions Delivery { get; set; } = new();

    /// <summary>How lists are read.</summary>
    public IntakeOptions Intake { get; set; } = new();

    /// <summary>What becomes of a POST when nobody knows whether it was accepted.</summary>
    public SubmitOptions Submit { get; set; } = new();

    /// <summary>Which failed inputs are posted again.</summary>
    public RetryOptions Retry { get; set; } = new();

    /// <summary>What is not submitted, and how much is.</summary>
    public GuardOptions Guards { get; set; } = new();

    /// <summary>How many webhooks are accepted.</summary>
    public CallbackOptions Callback { get; set; } = new();

    /// <summary>How results are read.</summary>
    public CollectOptions Collect { get; set; } = new();

    /// <summary>When Sweep looks, and when it gives up.</summary>
    public SweepOptions Sweep { get; set; } = new();

    /// <summary>What they were filled from.</summary>
    internal GivenSettings Given { get; set; } = GivenSettings.None;

    /// <summary>A line for each text that was given and cannot be read.</summary>
    internal IReadOnlyList<string> Unreadable { get; set; } = [];

    /// <summary>The option or variable that gave a setting, such as <c>Collect:MaxDepth</c>; else its variable.</summary>
    internal string NameOf(string setting) =>
        Given.Find($"Pipeline:{setting}")?.Source ?? $"Pipeline__{setting.Replace(":", "__", StringComparison.Ordinal)}";
}
