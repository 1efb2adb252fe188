using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Fuzz;

/// <summary>What must hold for any text that somebody puts on a queue of ours.</summary>
public static class MessageTarget
{
    /// <summary>
    /// Returns null for a message of <c>submissions</c> or <c>results</c>, else the reason why it is refused.
    /// </summary>
    /// <exception cref="InvalidOperationException">A promise is broken. Any other exception is a bug too.</exception>
    public static string? Check(byte[] text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var body = MessageText.Decode(text);
        var asSubmission = Read(() => RequireIds(MessageReader.ReadSubmission(body).SubmissionId, []));
        var asResult = Read(() =>
        {
            var message = MessageReader.ReadResult(body);
            RequireIds(message.SubmissionId, message.Each().Select(one => one.TaskId));
        });
        return asSubmission is null || asResult is null ? null : asResult;
    }

    private static string? Read(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (PipelineException refusal) when (refusal.IsPermanent)
        {
            PlainText.Require(refusal.Message, "A refusal");
            return refusal.Reason;
        }
    }

    private static void RequireIds(string submissionId, IEnumerable<string> taskIds)
    {
        if (!SubmissionIds.IsWellFormed(submissionId) || !taskIds.All(TaskIds.IsWellFormed))
            throw new InvalidOperationException("An invalid id was passed on.");
    }
}
