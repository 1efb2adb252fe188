using System.Net;

#if EMULATOR
namespace Pipeline.Emulator;
#else
namespace Pipeline.Http;
#endif

/// <summary>
/// Host names that always mean this machine. A web page can make its own host name resolve to 127.0.0.1 (DNS rebinding)
/// and then send requests to us; those requests still carry the page's host name and are recognized by it.
/// </summary>
internal static class LoopbackHost
{
    /// <summary>
    /// Whether the host of a request is one of these names: <c>localhost</c>, 127.0.0.0/8 or <c>[::1]</c>.
    /// </summary>
    /// <param name="host">The host, without port.</param>
    public static bool Is(string? host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host?.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
