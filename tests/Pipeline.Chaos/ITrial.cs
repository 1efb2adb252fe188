namespace Pipeline.Chaos;

/// <summary>Something that is done to the command, and its audit.</summary>
internal interface ITrial : IDisposable
{
    /// <summary>Runs it; what breaks the trial itself, such as an emulator that ends unasked, counts against it.</summary>
    Task<Verdict> RunAsync();
}
