using System.Collections.Frozen;
using System.Net.Sockets;

namespace Pipeline.IO;

/// <summary>
/// Says in plain words why a file, a disk or the network failed. .NET's texts are for programmers: they name calls and
/// inner exceptions, and repeat a path that the surrounding sentence already has.
/// </summary>
internal static class FaultWords
{
    // errno(3) on Linux and on macOS; .NET keeps the raw number in HResult.
    private static readonly FrozenDictionary<int, string> Errors = new Dictionary<int, string>
    {
        [5] = "the disk reports an error",
        [11] = "another program holds it",
        [16] = "another program holds it",
        [20] = "a part of the path is a file, not a folder",
        [21] = "it is a folder",
        [23] = "too many files are open on this machine",
        [24] = "this process has too many files open",
        [27] = "the file system does not support files of that size",
        [28] = "the disk is full",
        [30] = "the file system is read-only",
        [36] = "the name or the path is too long",
        [40] = "its links form a loop",
        [62] = "its links form a loop",
        [63] = "the name or the path is too long",
        [69] = "the disk quota is used up",
        [122] = "the disk quota is used up",
        // https://learn.microsoft.com/windows/win32/debug/system-error-codes
        [unchecked((int)0x80070020)] = "another program holds it",
        [unchecked((int)0x80070021)] = "another program holds it",
        [unchecked((int)0x80070027)] = "the disk is full",
        [unchecked((int)0x80070070)] = "the disk is full",
    }.ToFrozenDictionary();

    /// <summary>Follows the target's file name in the name of a temporary file.</summary>
    public const string TemporaryMark = ".pipeline-part-";

    /// <summary>The cause, for use within a sentence: no capital, no full stop, one line.</summary>
    public static string Of(Exception error) => error switch
    {
        UnauthorizedAccessException => "permission denied",
        FileNotFoundException => "there is no such file",
        DirectoryNotFoundException => "there is no such folder",
        PathTooLongException => "the name or the path is too long",
        IOException when Errors.TryGetValue(error.HResult, out var words) => words,
        HttpRequestException or HttpIOException => OfHttp(error),
        SocketException socket => OfSocket(socket),
        OperationCanceledException or TimeoutException => "there was no answer in time",
        IOException { InnerException: SocketException inner } => OfSocket(inner),
        _ => FirstLine(error),
    };

    private static string OfHttp(Exception error)
    {
        var kind = (error as HttpRequestException)?.HttpRequestError ?? (error as HttpIOException)?.HttpRequestError;
        return (kind, error.InnerException) switch
        {
            (HttpRequestError.NameResolutionError, _) => NoName + ServerOf(error),
            (HttpRequestError.ResponseEnded, _) => "the connection was closed before the end of the answer",
            (HttpRequestError.ProxyTunnelError, _) => "the proxy refuses the connection",
            (HttpRequestError.InvalidResponse, _) => "the answer is no HTTP",
            (HttpRequestError.SecureConnectionError, { } inner) => $"no secure connection: {FirstLine(inner)}",
            (_, { } inner) => Of(inner) + ServerOf(error),
            _ => FirstLine(error),
        };
    }

    /// <summary>
    /// The server that .NET's text names at its end, such as <c> (127.0.0.1:80)</c>; empty if it names none.
    /// </summary>
    private static string ServerOf(Exception error)
    {
        var at = error.Message.LastIndexOf(" (", StringComparison.Ordinal);
        return at > 0 && error.Message.EndsWith(')') && error.Message[at..].Contains(':') ? error.Message[at..] : "";
    }

    private const string NoName = "the name of the host is not known";

    private static string OfSocket(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AccessDenied => "permission denied",
        SocketError.AddressAlreadyInUse => "the port is in use",
        SocketError.AddressNotAvailable => "this machine has no such address",
        SocketError.AddressFamilyNotSupported => "this machine does not use such addresses",
        SocketError.ConnectionRefused => "the connection is refused",
        SocketError.ConnectionReset or SocketError.ConnectionAborted => "the connection was cut",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => NoName,
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no network leads there",
        SocketError.TimedOut => "there was no answer in time",
        _ => FirstLine(error),
    };

    /// <summary>
    /// The cause with the path that .NET's text names, for an error whose surrounding sentence has no path.
    /// </summary>
    /// <remarks>For a temporary file, names the file that it was to become.</remarks>
    public static string WithPath(Exception error) => error.Message.Split('\'') is [_, { Length: > 0 } path, ..]
        ? $"'{path.Split(TemporaryMark)[0]}': {Of(error)}"
        : Of(error);

    private static string FirstLine(Exception error) =>
        error.Message.ReplaceLineEndings("\n").Split('\n')[0].TrimEnd('.', ' ');
}
