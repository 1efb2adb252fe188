namespace Pipeline.Tests;

/// <summary>For tests of the whole process's memory: no other test may run beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
