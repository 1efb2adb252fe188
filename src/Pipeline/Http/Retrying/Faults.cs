using System.Net.Sockets;
using Pipeline.IO;

namespace Pipeline.Http.Retrying;

/// <summary>Distinguishes network faults from bugs.</summary>
internal static class Faults
{
    /// <summary>
    /// Whether a broken or silent connection threw this; not cancellation by our caller, and not a bug.
    /// </summary>
    /// <remarks>
    /// <see cref="HttpClient"/> throws a bare <see cref="SocketException"/> if the server resets a connection before
    /// the client has read its address (.NET 10).
    /// </remarks>
    public static bool IsOfConnection(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException or SocketException
        || (e is OperationCanceledException or TimeoutException && !cancellationToken.IsCancellationRequested);

    /// <summary>Describes the fault, to follow the name of the server in a sentence.</summary>
    public static string Describe(Exception e) =>
        e is IOException { InnerException: OperationCanceledException } ? e.Message
        : e is OperationCanceledException ? "did not answer in time"
        : $"failed: {FaultWords.Of(e)}";
}
