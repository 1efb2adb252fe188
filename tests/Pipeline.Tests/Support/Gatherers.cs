using Pipeline.Callback;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Tests.Support;

/// <summary>Gatherers of webhooks' hints.</summary>
internal static class Gatherers
{
    /// <summary>One that does not wait for other hints.</summary>
    public static HintGatherer Prompt(IWorkQueue queue, TimeProvider time) => Of(queue, time, TimeSpan.Zero);

    /// <summary>One that waits for this time.</summary>
    public static HintGatherer Of(IWorkQueue queue, TimeProvider time, TimeSpan gatherFor) => new(
        queue,
        Microsoft.Extensions.Options.Options.Create(new PipelineOptions { Collect = { GatherFor = gatherFor } }),
        time);
}
