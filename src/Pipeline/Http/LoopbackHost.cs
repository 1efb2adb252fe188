using System.Net;

#if EMULATOR
namespace Pipeline.Emulator;
#else
namespace Pipeline.Http;
#endif

/// <summary>
/// Names under which this machine alone can be asked. A page that a browser loaded from elsewhere can have its own name resolved to 127.0.0.1 (DNS
/// rebinding) and then ask us; its requests still carry that name, and are told by it.
/// </summary>
internal static class LoopbackHost
{
    /// <summary>Whether the host of a request is one of these names: <c>localhost</c>, 127.0.0.0/8 or <c>[::1]</c>.</summary>
    /// <param name="host">Without port.</param>
    public static bool Is(string? host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host?.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
