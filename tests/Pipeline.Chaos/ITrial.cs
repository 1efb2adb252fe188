namespace Pipeline.Chaos;

/// <summary>A trial: interferes with the command and audits the output.</summary>
internal interface ITrial : IDisposable
{
    /// <summary>
    /// Runs the trial. A fault of the trial itself, such as an emulator that crashes, counts as a failure.
    /// </summary>
    Task<Verdict> RunAsync();
}
