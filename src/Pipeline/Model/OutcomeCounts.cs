using System.Runtime.CompilerServices;

namespace Pipeline.Model;

/// <summary>How the inputs of a submission stand; those that go on in another submission are in none of these.</summary>
/// <param name="Waiting">Without an outcome.</param>
/// <param name="Records">With a record.</param>
/// <param name="Failures">With a failure.</param>
public readonly record struct OutcomeCounts(int Waiting, int Records, int Failures);
