namespace Pipeline.Intake;

/// <summary>
/// Lets a host post the only submission of a list itself, as soon as Intake has planned it. Otherwise the submission's
/// message would wait until its queue is polled. The message is still sent, with a delay, so the submission is posted
/// even if the host ends first.
/// </summary>
/// <param name="grace">Delay of the message: longer than a POST usually takes.</param>
internal sealed class HandOver(TimeSpan grace)
{
    /// <summary>The submission that the host must post; null if messages bring all of them.</summary>
    public string? SubmissionId { get; private set; }

    /// <summary>Hands a submission over.</summary>
    /// <returns>The delay of its message.</returns>
    public TimeSpan Take(string submissionId)
    {
        SubmissionId = submissionId;
        return grace;
    }
}
