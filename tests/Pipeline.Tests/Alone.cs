[assembly: TestCollectionOrderer(typeof(Pipeline.Tests.SlowestFirst))]

namespace Pipeline.Tests;

/// <summary>
/// The collection of tests that measure the memory of the process; no other test runs at the same time.
/// </summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
