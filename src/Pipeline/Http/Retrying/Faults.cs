using System.Net.Sockets;

namespace Pipeline.Http.Retrying;

/// <summary>Tells faults of the network from bugs.</summary>
internal static class Faults
{
    /// <summary>True for what a broken or silent connection throws; false for our own caller's cancellation, and for bugs.</summary>
    /// <remarks>
    /// A <see cref="SocketException"/> comes as it is where the other side resets a connection before
    /// <see cref="HttpClient"/> has looked at its address (.NET 10).
    /// </remarks>
    public static bool IsOfConnection(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException or SocketException
        || (e is OperationCanceledException or TimeoutException && !cancellationToken.IsCancellationRequested);

    /// <summary>What went wrong, to stand after the name of whom we asked.</summary>
    public static string Describe(Exception e) =>
        e is IOException { InnerException: OperationCanceledException } ? e.Message
        : e is OperationCanceledException ? "did not answer in time"
        : $"failed: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}";
}
