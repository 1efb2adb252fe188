using System.Net;
using System.Net.Sockets;

#if EMULATOR
namespace Pipeline.Emulator;
#else
namespace Pipeline.Http;
#endif

/// <summary>
/// The environment's proxy, bypassed for loopback and link-local addresses such as the clouds' metadata services: a
/// proxy would reach its own machine instead. Many environments set <c>http_proxy</c> without <c>no_proxy</c>.
/// </summary>
internal sealed class LoopbackProxy(IWebProxy outside) : IWebProxy
{
    // For SDKs and commands that read the variables themselves.
    private const string Bypassed = "localhost,127.0.0.1,::1,[::1],169.254.169.254,169.254.170.2,169.254.170.23";

    private static readonly Lock Gate = new();

    public ICredentials? Credentials
    {
        get => outside.Credentials;
        set => outside.Credentials = value;
    }

    /// <summary>
    /// Makes this the proxy of every HTTP client in the process that has no proxy of its own. It may be called
    /// repeatedly.
    /// </summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (HttpClient.DefaultProxy is LoopbackProxy)
                return;
            HttpClient.DefaultProxy = new LoopbackProxy(HttpClient.DefaultProxy);
            if ((Variable("http_proxy") ?? Variable("https_proxy") ?? Variable("all_proxy")) is not null)
                Environment.SetEnvironmentVariable(
                    "no_proxy", Variable("no_proxy") is { } own ? $"{own},{Bypassed}" : Bypassed);
        }
    }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : outside.GetProxy(destination);

    public bool IsBypassed(Uri host) => IsLocal(host) || outside.IsBypassed(host);

    private static bool IsLocal(Uri uri)
    {
        if (uri.IsLoopback || uri.Host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
            return true;
        if (!IPAddress.TryParse(uri.DnsSafeHost, out var address))
            return false;
        var ip = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IPAddress.IsLoopback(ip) || ip.IsIPv6LinkLocal || ip.Equals(IPAddress.Any)
            || ip.Equals(IPAddress.IPv6Any)
            || (ip.AddressFamily == AddressFamily.InterNetwork && ip.GetAddressBytes() is [169, 254, ..]);
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } lower ? lower
        : Environment.GetEnvironmentVariable(name.ToUpperInvariant()) is { Length: > 0 } upper ? upper
        : null;
}
