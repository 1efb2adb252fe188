namespace Pipeline.Records;

/// <summary>Collects problems; it counts all of them and keeps the first ones.</summary>
internal sealed class ProblemList
{
    private const int Kept = 1000;

    private readonly List<VerificationProblem> _first = [];

    public long Count { get; private set; }

    public IReadOnlyList<VerificationProblem> First => _first;

    public void Add(VerificationProblem problem)
    {
        if (++Count <= Kept)
            _first.Add(problem);
    }

    public void Add(RecordException fault, string? listId = null) => Add(new()
    {
        Kind = fault.Fault switch
        {
            RecordFault.Damaged => "damaged",
            RecordFault.Missing => "missing",
            RecordFault.TooLarge => "too_large",
            _ => "invalid",
        },
        Message = fault.Problem,
        ListId = listId,
        Id = fault.RecordId,
        File = fault.Position?.Name,
        Line = fault.Position?.Line,
        Offset = fault.Position?.Offset,
    });

    /// <summary>Adds a problem if a number is not the expected one.</summary>
    public void Compare(long expected, long found, string what, string? listId, string? file = null)
    {
        if (expected != found)
            Add(new()
            {
                Kind = "count",
                Message = $"{what}: {expected} expected, {found} found",
                ListId = listId,
                File = file,
            });
    }
}
