using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Collect;

/// <summary>
/// Takes a hint that results of tasks may be there. A hint proves nothing: of a submission whose POST was answered <see cref="TaskCollector"/> finds out what is
/// there, of another one the hint is evidence that it was accepted.
/// </summary>
internal sealed partial class CollectStage(
    ILedger ledger,
    HintFilter hints,
    TaskCollector collector,
    SubmissionResolver resolver,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<CollectStage> logger) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(options.Value.Collect.Concurrency);

    public async Task HandleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var heard = MessageReader.ReadResult(body);
        if (await ledger.GetSubmissionAsync(heard.SubmissionId, cancellationToken) is not { } submission)
        {
            LogForeign(heard.TaskId, heard.SubmissionId);
            return;
        }
        if (await hints.FilterAsync(submission, heard, cancellationToken) is not { } message)
        {
            LogMadeUp(heard.TaskId, heard.SubmissionId);
            return;
        }

        // The clock may have been set back since: a wait is never longer for that.
        if (message.Since > time.GetUtcNow())
            message = message with { Since = time.GetUtcNow() };
        switch (submission.State)
        {
            case SubmissionState.Planned or SubmissionState.Posting or SubmissionState.Unknown:
                await AdoptAsync(submission, message, cancellationToken);
                break;
            case SubmissionState.Refused or SubmissionState.Closed when submission.IsUnproven:
                if (await TryAdoptAsync(submission, message, cancellationToken))
                    await collector.PutOffAsync(message, cancellationToken);
                break;
            case SubmissionState.Accepted or SubmissionState.Closed:
                await CollectAsync(submission, message, cancellationToken);
                break;
        }
    }

    public void Dispose() => _slots.Dispose();

    /// <summary>A webhook came before the POST's own answer was stored, or instead of it.</summary>
    private async Task AdoptAsync(SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        var heard = message.DiscoveredBy == DiscoveredBy.Webhook ? await resolver.NoteHeardAsync(submission, cancellationToken) : submission;
        var adopted = heard is { State: SubmissionState.Unknown } && await TryAdoptAsync(heard, message, cancellationToken);
        if (adopted || time.GetUtcNow() - message.Since < options.Value.Sweep.EvidenceWindow)
            await collector.PutOffAsync(message, cancellationToken);
    }

    private Task<bool> TryAdoptAsync(SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken) => resolver.TryAdoptAsync(
        submission, [.. message.Each().Select(one => one.TaskId)], message.DiscoveredBy == DiscoveredBy.Webhook ? PostProof.Callback : PostProof.None, cancellationToken);

    /// <summary>A task that shares its message with others and cannot be collected goes on in a message of its own, with as many tries as any.</summary>
    private async Task CollectAsync(SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        if (message.Others is null)
        {
            await CollectOneAsync(submission, message, cancellationToken);
            return;
        }

        var together = new ParallelOptions { MaxDegreeOfParallelism = ResultMessage.MaxTasks, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(message.Each(), together, async (one, token) =>
        {
            try
            {
                await CollectOneAsync(submission, one, token);
            }
            catch (Exception error) when (!token.IsCancellationRequested && error is not PipelineException { IsStoreFault: true })
            {
                LogApart(error, one.TaskId, one.SubmissionId);
                await collector.PutOffAsync(one, token, (error as PipelineException)?.RetryAfter);
            }
        });
    }

    private async Task CollectOneAsync(SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            await collector.CollectAsync(submission, message, cancellationToken);
        }
        finally
        {
            _slots.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The hint of task {TaskId} is dropped: there is no submission {SubmissionId}.")]
    private partial void LogForeign(string taskId, string submissionId);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "A webhook names task {TaskId}, which is none of submission {SubmissionId}; the hint is dropped without asking Nimble.")]
    private partial void LogMadeUp(string taskId, string submissionId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The result of task {TaskId} of submission {SubmissionId} could not be collected with others; it is tried again by itself.")]
    private partial void LogApart(Exception error, string taskId, string submissionId);
}
