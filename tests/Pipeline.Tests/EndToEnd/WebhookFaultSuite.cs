using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Webhooks that are lost, repeated, late, early, shuffled, or in any form: the outcome is the same.</summary>
[Trait("Promise", "3")]
public abstract class WebhookFaultSuite(Servers? azure) : FaultSuite(azure)
{
    [Theory]
    [InlineData("webhook_lost=0.5")]
    [InlineData("webhook_repeat")]
    [InlineData("webhook_late=1500")]
    [InlineData("webhook_early")]
    [InlineData("webhook_shuffle,webhook_repeat")]
    [InlineData("webhook_form=task")]
    [InlineData("webhook_form=bare")]
    [InlineData("webhook_form=status_task,webhook_state=pending")]
    [InlineData("webhook_form=mixed,webhook_repeat")]
    public Task EveryUrlStillBecomesARecord(string faults) => AllBecomeRecordsAsync(faults);
}
