using Microsoft.Extensions.Logging;
using Pipeline.Model;

namespace Pipeline.Sweep;

/// <summary>The checks of submissions in progress. A check mostly waits for answers of the API.</summary>
internal sealed class RunningLooks(TimeProvider time, ILogger<RunningLooks> logger)
    : RunningSteps<SubmissionEntry>(perList: 4, inAll: 16, time, logger)
{
    protected override string IdOf(SubmissionEntry item) => item.SubmissionId;

    protected override string ListOf(SubmissionEntry item) => item.ListId;
}
