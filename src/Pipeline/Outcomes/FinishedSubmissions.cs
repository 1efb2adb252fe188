using System.Threading.Channels;

namespace Pipeline.Outcomes;

/// <summary>
/// The submissions whose last outcome this process has given. A hint: they are due in the ledger too, so that Sweep
/// closes them if this process ends first, or if nobody takes them from here.
/// </summary>
internal sealed class FinishedSubmissions
{
    private const int Kept = 1000;

    private readonly Channel<string> _ids = Channel.CreateBounded<string>(
        new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Notes a submission.</summary>
    public void Add(string submissionId) => _ids.Writer.TryWrite(submissionId);

    /// <summary>Returns the submissions noted since the last call, each to one caller.</summary>
    public IReadOnlyList<string> Take()
    {
        var taken = new List<string>();
        while (_ids.Reader.TryRead(out var id))
            taken.Add(id);
        return taken;
    }
}
