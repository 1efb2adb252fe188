namespace Pipeline.Ports.Reading;

/// <summary>Says whether this process can write to its own store.</summary>
internal interface IStoreProblem
{
    /// <summary>Why it cannot, for people; null while it can.</summary>
    string? Problem { get; }
}
