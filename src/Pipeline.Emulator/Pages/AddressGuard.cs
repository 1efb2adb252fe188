using System.Net;
using System.Net.Sockets;

namespace Pipeline.Emulator.Pages;

/// <summary>Keeps the emulator from fetching pages of this machine, its networks and the clouds' metadata services.</summary>
internal static class AddressGuard
{
    /// <summary>Whether a URL names a private address outright, in whatever notation; a name is not looked up.</summary>
    public static bool IsPrivateLiteral(Uri url) => IPAddress.TryParse(url.IdnHost, out var address) && !AddressRanges.IsPublic(address);

    /// <summary>
    /// The addresses of a name that may be connected to. Whoever connects must use these and not look the name up again, since it may mean something else by then.
    /// </summary>
    /// <exception cref="PageFetchException">All of them are private.</exception>
    /// <exception cref="SocketException">There is no such name.</exception>
    public static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var open = Array.FindAll(addresses, AddressRanges.IsPublic);
        return open.Length > 0 || addresses.Length == 0 ? open : throw Refused(host);
    }

    /// <summary>What a refused address is answered.</summary>
    public static PageFetchException Refused(string host) => new(PageFetchException.AddressRefused,
        $"'{host}' is an address of this machine, a private network or a metadata service. Start the emulator with --allow-private to fetch from there.");
}
