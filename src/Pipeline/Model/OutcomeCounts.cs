namespace Pipeline.Model;

/// <summary>Number of a submission's inputs by outcome, without those that moved to another submission.</summary>
/// <param name="Waiting">Number of inputs without an outcome.</param>
/// <param name="Records">Number of inputs with a record.</param>
/// <param name="Failures">Number of inputs with a failure.</param>
public readonly record struct OutcomeCounts(int Waiting, int Records, int Failures);
