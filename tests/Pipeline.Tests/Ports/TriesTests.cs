using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Tests.Ports;

public sealed class TriesTests
{
    public static TheoryData<Exception?, long, bool, string> Ends =>
        new()
        {
            { null, 1, false, nameof(MessageFate.Done) },
            { null, 9, true, nameof(MessageFate.Done) },
            { new OperationCanceledException(), 1, true, nameof(MessageFate.Released) },
            { new OperationCanceledException(), 9, true, nameof(MessageFate.Released) },
            { new OperationCanceledException(), 1, false, nameof(MessageFate.Retried) },
            { new OperationCanceledException(), 5, false, nameof(MessageFate.DeadLettered) },
            { PipelineException.StoreWaits("unavailable", "full"), 9, false, nameof(MessageFate.WaitsForStore) },
            { PipelineException.StoreStops("unavailable", "gone"), 9, false, nameof(MessageFate.WaitsForStore) },
            { PipelineException.Permanent("internal", "no"), 1, false, nameof(MessageFate.DeadLettered) },
            { PipelineException.Transient("unavailable", "busy"), 4, false, nameof(MessageFate.Retried) },
            { PipelineException.Transient("unavailable", "busy"), 5, false, nameof(MessageFate.DeadLettered) },
            { new InvalidOperationException("bug"), 4, false, nameof(MessageFate.Retried) },
            { new InvalidOperationException("bug"), 5, false, nameof(MessageFate.DeadLettered) },
        };

    [Theory]
    [MemberData(nameof(Ends))]
    public void TheEndOfAHandlerAndTheNumberOfTriesDecide(Exception? error, long tries, bool isStopping, string fate) =>
        Assert.Equal(fate, Tries.FateAfter(error, tries, isStopping).ToString());
}
