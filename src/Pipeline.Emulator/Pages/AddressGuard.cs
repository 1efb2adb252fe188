using System.Net;
using System.Net.Sockets;

namespace Pipeline.Emulator.Pages;

/// <summary>Tells the addresses of the public internet from this machine's, its networks' and the clouds' metadata services.</summary>
internal static class AddressGuard
{
    private static readonly IPNetwork[] Private =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "224.0.0.0/4", "240.0.0.0/4",
            // Azure's own channel to its machines.
            "168.63.129.16/32",
            // Every one of these can hold an IPv4 address of the above (compatible, NAT64, Teredo, 6to4); pages are not served there.
            "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16",
            "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(network => IPNetwork.Parse(network)),
    ];

    /// <summary>Whether pages may be fetched from an address.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !Private.Any(network => network.Contains(plain));
    }

    /// <summary>Whether a URL names a private address outright, in whatever notation; a name is not looked up.</summary>
    public static bool IsPrivateLiteral(Uri url) => IPAddress.TryParse(url.IdnHost, out var address) && !IsPublic(address);

    /// <summary>
    /// The addresses of a name that may be connected to. Whoever connects must use these and not look the name up again, since it may mean something else by then.
    /// </summary>
    /// <exception cref="PageFetchException">All of them are private.</exception>
    /// <exception cref="SocketException">There is no such name.</exception>
    public static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var open = Array.FindAll(addresses, IsPublic);
        return open.Length > 0 || addresses.Length == 0 ? open : throw Refused(host);
    }

    /// <summary>What a refused address is answered.</summary>
    public static PageFetchException Refused(string host) => new(PageFetchException.AddressRefused,
        $"'{host}' is an address of this machine, a private network or a metadata service. Start the emulator with --allow-private to fetch from there.");
}
