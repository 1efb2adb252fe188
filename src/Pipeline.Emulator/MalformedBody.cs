namespace Pipeline.Emulator;

/// <summary>Distinguishes a request body that is malformed HTTP from a connection or disk that failed.</summary>
internal static class MalformedBody
{
    /// <summary>
    /// Whether reading a body failed because of what the client sent. Kestrel itself answers most of that with 400, but
    /// a
    /// chunk size beyond 32 bits makes its arithmetic overflow, which would become a 500.
    /// </summary>
    public static bool Is(Exception error) => error is IOException { InnerException: OverflowException };
}
