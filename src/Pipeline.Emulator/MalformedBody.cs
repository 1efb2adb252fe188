namespace Pipeline.Emulator;

/// <summary>Tells a request's body that is not HTTP from a connection or a disk that failed.</summary>
internal static class MalformedBody
{
    /// <summary>
    /// Whether reading a body failed for what the client sent. Kestrel says so of most of it; a chunk size beyond 32 bits it
    /// reports as the overflow of its own arithmetic, which would be a 500.
    /// </summary>
    public static bool Is(Exception error) => error is IOException { InnerException: OverflowException };
}
