using Microsoft.Extensions.Logging;
using Pipeline.Model;

namespace Pipeline.Sweep.Lists;

/// <summary>The lists that are being closed.</summary>
internal sealed class RunningCloses(TimeProvider time, ILogger<RunningCloses> logger)
    : RunningSteps<ListEntry>(perList: 1, inAll: 8, time, logger)
{
    protected override string IdOf(ListEntry item) => item.ListId;

    protected override string ListOf(ListEntry item) => item.ListId;
}
