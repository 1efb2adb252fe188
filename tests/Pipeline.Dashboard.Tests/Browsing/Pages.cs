namespace Pipeline.Dashboard.Tests.Browsing;

/// <summary>The collection of tests that share the browser: they run one after another.</summary>
[CollectionDefinition(nameof(Pages), DisableParallelization = true)]
public sealed class Pages;
