using System.Threading.Channels;

namespace Pipeline.Outcomes;

/// <summary>
/// The submissions whose last outcome came from this process. Only a hint: they are due in the ledger too, so Sweep
/// closes them even if this process ends first.
/// </summary>
internal sealed class FinishedSubmissions
{
    private const int Kept = 1000;

    private readonly Channel<string> _ids = Channel.CreateBounded<string>(
        new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Adds a submission.</summary>
    public void Add(string submissionId) => _ids.Writer.TryWrite(submissionId);

    /// <summary>Returns the submissions added since the last call. Each goes to one caller.</summary>
    public IReadOnlyList<string> Take()
    {
        var taken = new List<string>();
        while (_ids.Reader.TryRead(out var id))
            taken.Add(id);
        return taken;
    }
}
