using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using Pipeline.Collect;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Sweep;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>The function of a poison queue does not fail forever.</summary>
[Trait("Promise", "9")]
public sealed class DeadLetterFunctionTests
{
    private readonly Mock<ILedger> _ledger = new(MockBehavior.Strict);

    [Theory]
    [MemberData(nameof(UnusableMessages.Bodies), MemberType = typeof(UnusableMessages))]
    public async Task AnUnreadableMessageEndsWithItsFirstTry(string queue, string body)
    {
        await RunAsync(queue, body, 1);

        _ledger.VerifyNoOtherCalls();
    }

    [Fact]
    public async Task ATransientErrorIsRetriedWithoutLimit()
    {
        _ledger.Setup(l => l.GetSubmissionAsync("l-000000", It.IsAny<CancellationToken>()))
            .ThrowsAsync(PipelineException.Transient(FailureReasons.Unavailable, "busy"));

        await Assert.ThrowsAsync<PipelineException>(
            () => RunAsync(QueueNames.Submissions, """{"submission_id":"l-000000"}""", 99));
    }

    [Fact]
    public async Task ABugEndsWithTheLastTry()
    {
        _ledger.Setup(l => l.GetSubmissionAsync("l-000000", It.IsAny<CancellationToken>()))
            .ThrowsAsync(new InvalidOperationException("bug"));
        Task Run(int tries) => RunAsync(QueueNames.Submissions, """{"submission_id":"l-000000"}""", tries);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Run(Tries.Max - 1));
        await Run(Tries.Max);
    }

    private Task RunAsync(string queue, string body, int dequeueCount)
    {
        var time = TimeProvider.System;
        var store = RecordStores.Mock().Object;
        var outcomes = new OutcomeRecorder(
            _ledger.Object, store, new(store, []), new(_ledger.Object, time), new(), time);
        var failures = new TaskFailures(_ledger.Object, null!, outcomes, NullLogger<TaskFailures>.Instance);
        var queues = Mock.Of<IWorkQueue>(MockBehavior.Strict);
        var options = Microsoft.Extensions.Options.Options.Create(new PipelineOptions());
        var holds = new SubmissionHolds(
            _ledger.Object, queues, outcomes, options, time, NullLogger<SubmissionHolds>.Instance);
        var stage = new DeadLetterStage(
            _ledger.Object, queues, holds, failures, time, NullLogger<DeadLetterStage>.Instance);
        var function = new DeadLetterFunction(stage, NullLogger<DeadLetterFunction>.Instance);
        var message = QueuesModelFactory.QueueMessage("id", "receipt", body, dequeueCount);
        return queue == QueueNames.Results
            ? function.ResultsAsync(message, TestContext.Current.CancellationToken)
            : function.SubmissionsAsync(message, TestContext.Current.CancellationToken);
    }
}
