using System.Net;
using System.Net.Sockets;

namespace Pipeline.Emulator.Pages;

/// <summary>Prevents fetches from this machine, private networks and the clouds' metadata services.</summary>
internal static class AddressGuard
{
    /// <summary>Whether a URL's host is a private address, in any notation. A host name is not resolved.</summary>
    public static bool IsPrivateLiteral(Uri url) =>
        IPAddress.TryParse(url.IdnHost, out var address) && !AddressRanges.IsPublic(address);

    /// <summary>
    /// Resolves a host to the addresses that may be connected to. The caller must connect to these and not resolve the
    /// name again, because the second answer may differ.
    /// </summary>
    /// <exception cref="PageFetchException">All addresses are private.</exception>
    /// <exception cref="SocketException">The name does not exist.</exception>
    public static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = Array.FindAll(addresses, AddressRanges.IsPublic);
        return allowed.Length > 0 || addresses.Length == 0 ? allowed : throw Refused(host);
    }

    /// <summary>The error for a host whose addresses are all private.</summary>
    public static PageFetchException Refused(string host) => new(PageFetchException.AddressRefused,
        $"'{host}' is an address of this machine, a private network or a metadata service. "
        + "Start the emulator with --allow-private to fetch from there.");
}
